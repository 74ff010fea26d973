"""How a checkpoint reads a text, or two: its own tokenizer, its own special tokens, its window.

"a fun film" → [CLS] a fun film [SEP]
"a dog" + "an animal" → [CLS] a dog [SEP] an animal [SEP]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import tokenizers
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.errors import UserError
from seqlab.outside import read_bytes
from seqlab.pretrained.checkpoint import CONFIG, TOKENIZER, as_text, config_of, located
from seqlab.pretrained.checkpoint import longest_input as limit_of
from seqlab.pretrained.libraries import transformers
from seqlab.runs import read_json, replacing
from seqlab.specs import Origin
from seqlab.tasks.base import DataSpec, Inputs
from seqlab.tasks.inputs.text import Text, TextRows
from seqlab.tasks.parts import Arrays, ColumnChoice

LONGEST_TOKENS = 512  # that are read of a text, however many the checkpoint could
SPECIAL_TOKENS = 3  # that a pair needs at most, beside its texts
# Of tokenizers that were saved before they had a file of their own.
VOCABULARIES = (
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
SAMPLE_TEXTS = 2000
STRANGE_SCRIPT = 3.0  # pieces a word, from which on the vocabulary does not know the script


class CheckpointText(TextRows):
    """The texts of a task, as a checkpoint reads them; saved with the checkpoint's config."""

    network: dict[str, Any] = Field(default_factory=dict)  # config.json

    _pieces: tokenizers.Tokenizer = PrivateAttr()

    @classmethod
    def of(cls, text: Text, origin: Origin) -> Self:
        """The reader of a checkpoint for the rows that a task reads as texts."""
        folder = located(origin.name)
        config = config_of(folder)
        assert origin.window is not None
        reader = cls(columns=text.columns, window=origin.window, pair=text.pair, network=config)
        return reader.cutting_by(tokenizer_of(folder))

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        raise AssertionError("a checkpoint has learned already: see `of`")

    def cutting_by(self, pieces: tokenizers.Tokenizer) -> Self:
        """The same input, from now on with a tokenizer, which cuts to the window."""
        special = pieces.num_special_tokens_to_add(self.pair)
        if special >= self.window:
            raise UserError(
                f"max_tokens = {self.window}: special tokens alone need {special} here",
                "raise --set data.max_tokens=…",
            )
        pieces.no_padding()
        pieces.enable_truncation(self.window, strategy="longest_first")
        self._pieces = pieces
        return self

    @property
    def separator(self) -> int | None:
        """The token after the first of two texts, where the checkpoint tells texts apart by it."""
        if not self.pair or int(self.network.get("type_vocab_size", 0) or 0) < 2:
            return None
        both = self._pieces.encode("a", "a")
        second = [place for place, kind in enumerate(both.type_ids) if kind == 1]
        return both.ids[second[0] - 1] if second else None

    def encode(self, rows: Examples) -> Arrays:
        """`tokens`: the ids of each text or pair, special tokens included."""
        encoded = self._pieces.encode_batch_fast(texts_of(rows.frame))
        nothing = int(self.network.get("eos_token_id") or 0)
        ids: list[Array] = [np.array(one.ids or [nothing], dtype=np.int32) for one in encoded]
        return {"tokens": Ragged.of(ids)}

    @property
    def inputs(self) -> Inputs:
        """Ids of the checkpoint's vocabulary."""
        return Inputs("tokens", self._pieces.get_vocab_size(), longest=self.window)

    def save(self, folder: Path) -> None:
        """What was learned, the tokenizer and the network's config, but no weights."""
        save_checkpoint_part(self.plain(), self.network, self._pieces, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        path = folder / "part.json"
        stored = {**read_json(path), "network": config_of(folder)}
        return cls.read(stored, str(path)).cutting_by(tokenizer_of(folder))


def save_checkpoint_part(
    plain: dict[str, Any], network: dict[str, Any], pieces: tokenizers.Tokenizer, folder: Path
) -> None:
    """Write a reader with its tokenizer and its network's config."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        TOKENIZER: pieces.to_str(),
        CONFIG: as_text(network),
        "part.json": as_text({**plain, "network": {}}),
    }
    for name, content in contents.items():
        with replacing(folder / name) as temporary:
            temporary.write_text(content, encoding="utf-8")


def tokenizer_of(folder: Path) -> tokenizers.Tokenizer:
    """A checkpoint's tokenizer: its own file, or what transformers makes of an older one."""
    path = folder / TOKENIZER
    try:
        if path.exists():
            return tokenizers.Tokenizer.from_str(read_bytes(path).decode("utf-8"))
        if not any((folder / name).exists() for name in VOCABULARIES):  # it would make one up
            raise UserError(f"{path}: no such file", "expected the tokenizer beside the weights")
        library = transformers()
        made = library.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        return made.backend_tokenizer
    except UserError:
        raise
    except Exception as error:  # whatever the libraries raise at what is wrong with it
        what = "damaged" if path.exists() else "no such file"
        said = str(error).partition("\n")[0][:200]
        raise UserError(
            f"{path}: {what} ({said})", "expected the tokenizer beside the weights"
        ) from None


def window_for(name: str, train: Examples, most: int | None) -> int:
    """The tokens to give it of a text: as many as 99 % of the training texts have, or its limit.

    Of words that are answered one by one none is left out, so that more than fit are no loss.
    `most` is what the user asked for.
    """
    folder = located(name)
    limit = limit_of(name, folder, config_of(folder))
    if most is not None:
        return min(most, limit)
    if "tokens" in train.frame:
        return min(limit, LONGEST_TOKENS)
    lengths = token_counts(tokenizer_of(folder), train)
    usual = max(SPECIAL_TOKENS + 1, int(np.quantile(lengths, 0.99)))
    return min(usual, limit, LONGEST_TOKENS)


def token_counts(pieces: tokenizers.Tokenizer, rows: Examples) -> NDArray[np.int64]:
    """How many tokens each example has before any is cut, special tokens included."""
    pieces.no_padding()
    pieces.no_truncation()
    encoded = pieces.encode_batch_fast(texts_of(rows.frame))
    return np.array([len(one.ids) for one in encoded], dtype=np.int64)


def pieces_a_word(pieces: tokenizers.Tokenizer, rows: Examples) -> float:
    """How finely texts are cut, told from the first of them; unknown words count as cut to bits."""
    texts = texts_of(rows.frame.drop(columns="text2", errors="ignore").head(SAMPLE_TEXTS))
    pieces.no_padding()
    pieces.no_truncation()
    words = sum(len(text.split()) for text in texts)
    encoded = pieces.encode_batch_fast(texts, add_special_tokens=False)
    return sum(len(one.ids) for one in encoded) / max(words, 1)


def texts_of(frame: pd.DataFrame) -> Sequence[Any]:
    """Texts, or pairs of texts; of tokens, what they are with blanks between them."""
    if "tokens" in frame:
        return [" ".join(map(str, tokens)) for tokens in frame["tokens"]]
    texts = frame["text"].tolist()
    return list(zip(texts, frame["text2"].tolist(), strict=True)) if "text2" in frame else texts


def around_texts(pieces: tokenizers.Tokenizer) -> tuple[list[int], list[int]]:
    """The special tokens before and after a text."""
    pieces.no_truncation()
    whole, bare = pieces.encode("a").ids, pieces.encode("a", add_special_tokens=False).ids
    place = next((n for n in range(len(whole)) if whole[n : n + len(bare)] == bare), 0)
    return whole[:place], whole[place + len(bare) :]
