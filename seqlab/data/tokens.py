"""Texts to numbers: word, BPE and character vocabularies learned from the training part alone.

Training and encoding run in the `tokenizers` library, in batches and outside Python's loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tokenizers
from numpy.typing import NDArray
from pydantic import Field
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from seqlab.errors import UserError
from seqlab.outside import parse_json, read_bytes
from seqlab.specs import Spec

PAD, UNKNOWN = 0, 1
SPECIAL_TOKENS = ("<pad>", "<unk>")
# How the library names the first cut of each kind, in its own files.
_KINDS: dict[str, Literal["word", "bpe", "character"]] = {
    "Whitespace": "word",
    "ByteLevel": "bpe",
    "Split": "character",
}

Tokens = NDArray[np.int32]


class TokenSpec(Spec):
    """How texts are cut into tokens.

    vocabulary: the most tokens kept, the two special ones included. min_frequency: rarer words
    and merges are not learned; None: 2 for words and merges, 1 for characters. lowercase: None:
    yes for words, else no.
    """

    kind: Literal["word", "bpe", "character"] = "word"
    vocabulary: int = Field(default=20000, ge=3)
    min_frequency: int | None = Field(default=None, ge=1)
    lowercase: bool | None = None


class Tokenizer:
    """A trained vocabulary: `<pad>` is 0 and `<unk>` is 1."""

    def __init__(self, core: tokenizers.Tokenizer, spec: TokenSpec) -> None:
        self.core = core
        self.core.encode_special_tokens = True  # a text that says "<pad>" is a text, not padding
        self.spec = spec

    @property
    def vocabulary_size(self) -> int:
        """The number of token ids, the special ones included."""
        return int(self.core.get_vocab_size())

    def encode_batch(self, texts: Sequence[str]) -> list[Tokens]:
        """The token ids of each text, int32; an empty text gives an empty array."""
        encoded = self.core.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array(one.ids, dtype=np.int32) for one in encoded]

    def lengths(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """How many tokens each text has."""
        encoded = self.core.encode_batch_fast(list(texts), add_special_tokens=False)
        return np.array([len(one) for one in encoded], dtype=np.int64)

    def tokens(self, text: str) -> list[str]:
        """One text's tokens as strings, for people."""
        return list(self.core.encode(text, add_special_tokens=False).tokens)

    def save(self, path: Path) -> None:
        """Write the library's own JSON, which needs nothing else to be read."""
        path.write_text(self.core.to_str(), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read what `save` wrote; the spec then says what the file holds."""
        try:
            content = parse_json(read_bytes(path))
            spec = TokenSpec(
                kind=_KINDS[content["pre_tokenizer"]["type"]],
                lowercase=any(
                    n["type"] == "Lowercase" for n in content["normalizer"]["normalizers"]
                ),
                vocabulary=len(content["model"]["vocab"]),
            )
            return cls(_restored(content["model"], spec), spec)
        except FileNotFoundError as error:
            raise UserError(f'no tokenizer "{path}"', "the folder is not complete") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f'"{path}" is not a readable tokenizer', "the file is truncated or damaged"
            ) from error


def train_tokenizer(texts: Sequence[str], spec: TokenSpec) -> Tokenizer:
    """Learn a vocabulary from texts, which must be those of the training part alone."""
    if not any(text.strip() for text in texts):
        raise UserError("all training texts are empty: no vocabulary can be learned from them")
    core, trainer = _MAKERS[spec.kind](spec)
    core.normalizer = _normalizer(spec)
    core.train_from_iterator(texts, trainer, length=len(texts))
    return Tokenizer(core, spec)


def _normalizer(spec: TokenSpec) -> normalizers.Normalizer:
    lowercase = spec.kind == "word" if spec.lowercase is None else spec.lowercase
    return normalizers.Sequence(
        [normalizers.NFC(), *([normalizers.Lowercase()] if lowercase else [])]
    )


def _restored(model: dict[str, Any], spec: TokenSpec) -> tokenizers.Tokenizer:
    """A tokenizer as it is trained here, with a stored vocabulary.

    All else that a file may say – padding to millions of tokens, patterns that never end – is not
    read. Raises ValueError for a vocabulary that training could not have given.
    """
    core, _ = _MAKERS[spec.kind](spec)
    core.normalizer = _normalizer(spec)
    if spec.kind == "bpe":
        core.model = byte_pairs(model)
    elif model["type"] != "WordLevel":
        raise ValueError(f"a model of type {model['type']}")
    else:
        core.model = models.WordLevel(vocab=_numbered(model), unk_token=SPECIAL_TOKENS[UNKNOWN])
    core.add_special_tokens(list(SPECIAL_TOKENS))
    if [core.token_to_id(name) for name in SPECIAL_TOKENS] != [PAD, UNKNOWN]:
        raise ValueError(f"the first tokens must be {' and '.join(SPECIAL_TOKENS)}")
    return core


def byte_pairs(model: dict[str, Any]) -> models.BPE:
    """The pairs of a stored byte-pair encoder, checked before the library reads them."""
    if model["type"] != "BPE":
        raise ValueError(f"a model of type {model['type']}")
    vocabulary = _numbered(model)
    merges = [tuple(m.split(" ") if isinstance(m, str) else m) for m in model["merges"]]
    for pair in merges:
        if len(pair) != 2 or not {*pair, "".join(pair)} <= vocabulary.keys():
            raise ValueError(f"the pair {pair} joins what has no number")
    return models.BPE(vocabulary, merges)


def _numbered(model: dict[str, Any]) -> dict[str, int]:
    """The stored tokens, numbered 0, 1, 2, … without a gap."""
    vocabulary: dict[str, int] = model["vocab"]
    numbers = sorted(n for n in vocabulary.values() if type(n) is int)
    if numbers != list(range(len(vocabulary))):
        raise ValueError("tokens must be numbered from 0 without a gap")
    for token in vocabulary:
        token.encode("utf-8")  # half of a character: the library would end the process
    return vocabulary


def _options(spec: TokenSpec, usual_frequency: int) -> dict[str, Any]:
    return {
        "vocab_size": spec.vocabulary,
        "min_frequency": spec.min_frequency or usual_frequency,
        "special_tokens": list(SPECIAL_TOKENS),
        "show_progress": False,
    }


def _word(spec: TokenSpec) -> tuple[tokenizers.Tokenizer, Any]:
    """Runs of letters and digits, and runs of other marks."""
    core = tokenizers.Tokenizer(models.WordLevel(vocab={}, unk_token=SPECIAL_TOKENS[UNKNOWN]))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    return core, trainers.WordLevelTrainer(**_options(spec, 2))


def _bpe(spec: TokenSpec) -> tuple[tokenizers.Tokenizer, Any]:
    """Byte-level pairs: any text can be written, none is unknown (Sennrich 2016, GPT-2)."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    least = len(SPECIAL_TOKENS) + len(alphabet)
    if spec.vocabulary < least:
        raise UserError(
            f"vocabulary = {spec.vocabulary}: a BPE vocabulary holds at least {least} tokens",
            "raise it, or use the character tokenizer",
        )
    core = tokenizers.Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    core.decoder = decoders.ByteLevel()
    return core, trainers.BpeTrainer(initial_alphabet=sorted(alphabet), **_options(spec, 2))


def _character(spec: TokenSpec) -> tuple[tokenizers.Tokenizer, Any]:
    """Every character by itself, spaces included."""
    core = tokenizers.Tokenizer(models.WordLevel(vocab={}, unk_token=SPECIAL_TOKENS[UNKNOWN]))
    core.pre_tokenizer = pre_tokenizers.Split(tokenizers.Regex(r"[\s\S]"), "isolated")
    return core, trainers.WordLevelTrainer(**_options(spec, 1))


_MAKERS = {"word": _word, "bpe": _bpe, "character": _character}
