"""Text to numbers and back without a loss: characters, words or byte pairs.

    "to be, to be"  →  words "to", " be", ",", " to", " be"  →  2 3 4 5 3

A language model is judged by how well it predicts the text itself; so the pieces of every kind
here put together are the text, blanks and capitals included. 0 is the boundary of documents,
1 what the training text does not hold.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers import models, pre_tokenizers, trainers

from seqlab.data.tokens import byte_pairs
from seqlab.errors import UserError
from seqlab.outside import parse_json
from seqlab.runs import read_json, write_json

BOUNDARY, UNKNOWN = 0, 1
SPECIAL_NUMBERS = 2  # how many numbers stand for no piece of text
STRETCH_CHARACTERS = 2**20  # of a text that are encoded at once
RARE_COUNT = 2  # a word seen less often is unknown, so that the unknown is learned
# A word with the blank before it; marks likewise; tags such as <unk>; any other blank by itself.
WORDS = re.compile(r" ?<\w+>| ?\w+(?:['’]\w+)*| ?[^\w\s]+|\s")

Ids = NDArray[np.int32]


class Encoded(NamedTuple):
    """A text's tokens, with the characters and UTF-8 bytes that each stands for.

    The counts are of a small type where they are small: to be added up in a larger one.
    """

    ids: Ids
    characters: NDArray[np.integer[Any]]
    bytes: NDArray[np.integer[Any]]

    def cut(self, where: slice) -> Encoded:
        """Some of the tokens."""
        return Encoded(self.ids[where], self.characters[where], self.bytes[where])


class PieceVocabulary:
    """Pieces of text by number; `core` is the byte-pair encoder, if there is one."""

    def __init__(
        self, kind: str, pieces: Sequence[bytes], core: tokenizers.Tokenizer | None = None
    ) -> None:
        self.kind, self.core = kind, core
        self.pieces = [b"", b"", *pieces]

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> Encoded:
        """A whole text; the counts add up to the text's own, known or not."""
        if self.kind == "character":
            return self._characters(text)
        if self.core is not None:
            ids = [i for one in self.core.encode_batch_fast(_lines(text)) for i in one.ids]
            found = np.asarray(ids, dtype=np.int32) + SPECIAL_NUMBERS
            return Encoded(found, *(table[found] for table in self._sizes))
        pieces = WORDS.findall(text)
        ids = [self._numbers.get(piece, UNKNOWN) for piece in pieces]
        sizes = [(len(piece), len(_bytes(piece))) for piece in pieces]
        counted = np.asarray(sizes, dtype=np.int32).reshape(-1, 2)
        return Encoded(np.asarray(ids, dtype=np.int32), counted[:, 0], counted[:, 1])

    def _characters(self, text: str) -> Encoded:
        """In stretches: what is computed on the way takes many times the text's memory."""
        stretches = range(0, max(1, len(text)), STRETCH_CHARACTERS)
        parts = [self._stretch(text[at : at + STRETCH_CHARACTERS]) for at in stretches]
        return Encoded(*(np.concatenate(one) for one in zip(*parts, strict=True)))

    def _stretch(self, text: str) -> Encoded:
        points = _code_points(text)
        place = np.searchsorted(self._points, points).clip(max=len(self._points) - 1)
        known = self._points[place] == points
        width = np.ones(len(points), dtype=np.uint8)
        for least in (0x80, 0x800, 0x10000):
            width += points >= least
        ids = np.where(known, self._order[place] + SPECIAL_NUMBERS, UNKNOWN).astype(np.int32)
        return Encoded(ids, np.ones(len(ids), dtype=np.uint8), width)

    def unknown(self, text: str) -> list[str]:
        """The pieces of a text that have no number, each once, in order."""
        pieces = text if self.kind == "character" else WORDS.findall(text)
        ids = self.encode(text).ids
        if self.core is not None:
            return []
        return list(dict.fromkeys(p for p, i in zip(pieces, ids, strict=True) if i == UNKNOWN))

    def piece(self, token: int) -> str:
        """One token for people."""
        special = {BOUNDARY: "<end>", UNKNOWN: "<unknown>"}
        return special.get(token) or self.pieces[token].decode("utf-8", "replace")

    def decode(self, ids: Iterable[int], unknown: str = "�") -> str:
        """Text of tokens; ends of documents become nothing."""
        parts = (_bytes(unknown) if i == UNKNOWN else self.pieces[i] for i in ids)
        return b"".join(parts).decode("utf-8", "replace")

    def decoder(self) -> Decoder:
        """Text of tokens that come one by one."""
        return Decoder(self)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {p.decode("utf-8", "surrogatepass"): i for i, p in enumerate(self.pieces) if p}

    @cached_property
    def _all_points(self) -> NDArray[np.uint32]:
        joined = b"".join(self.pieces).decode("utf-8", "surrogatepass")
        return _code_points(joined)

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(self._all_points)

    @cached_property
    def _points(self) -> NDArray[np.uint32]:
        return self._all_points[self._order]

    @cached_property
    def _sizes(self) -> tuple[Ids, Ids]:
        """Characters and bytes of every token; a character counts where its first byte is."""
        firsts = [sum(byte & 0xC0 != 0x80 for byte in piece) for piece in self.pieces]
        lengths = [len(piece) for piece in self.pieces]
        return np.asarray(firsts, dtype=np.int32), np.asarray(lengths, dtype=np.int32)

    def save(self, path: Path) -> None:
        """JSON: the pieces, or the byte-pair encoder in its library's own form."""
        if self.core is not None:
            write_json(path, {"kind": self.kind, "core": self.core.to_str()})
            return
        pieces = [piece.decode("utf-8", "surrogatepass") for piece in self.pieces[SPECIAL_NUMBERS:]]
        write_json(path, {"kind": self.kind, "pieces": pieces})

    @classmethod
    def load(cls, path: Path) -> PieceVocabulary:
        """Read what `save` wrote."""
        stored = read_json(path)
        if "core" in stored:
            return _of_core(_encoder(byte_pairs(parse_json(stored["core"].encode())["model"])))
        return cls(stored["kind"], [_bytes(piece) for piece in stored["pieces"]])


class Decoder:
    """Tokens to text one by one: bytes wait until their character is whole."""

    def __init__(self, vocabulary: PieceVocabulary) -> None:
        self.vocabulary = vocabulary
        self.waiting = codecs.getincrementaldecoder("utf-8")("replace")

    def __call__(self, token: int) -> str:
        return self.waiting.decode(self.vocabulary.pieces[token])


def learn(texts: Sequence[str], kind: str, size: int) -> PieceVocabulary:
    """The vocabulary of training texts: at most `size` tokens, the most frequent pieces."""
    if kind == "bpe":
        return _learn_pairs(texts, size)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text if kind == "character" else WORDS.findall(text))
    least = 1 if kind == "character" else RARE_COUNT
    kept = [piece for piece, count in counts.most_common(size - SPECIAL_NUMBERS) if count >= least]
    if not kept:
        raise UserError(
            "no word occurs twice in the training text: there is no vocabulary to learn",
            "bring more text, or use --set data.tokenizer=character",
        )
    return PieceVocabulary(kind, [_bytes(piece) for piece in kept])


def _learn_pairs(texts: Sequence[str], size: int) -> PieceVocabulary:
    """Byte-level pairs (Sennrich et al., 2016): any text can be written, none is unknown."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    least = SPECIAL_NUMBERS + len(alphabet)
    if size < least:
        raise UserError(
            f"data.vocabulary = {size}: byte pairs need at least {least} tokens",
            "raise it, or use --set data.tokenizer=character",
        )
    core = _encoder(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size - SPECIAL_NUMBERS,
        min_frequency=2,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    core.train_from_iterator((line for text in texts for line in _lines(text)), trainer)
    return _of_core(core)


def _encoder(model: models.BPE) -> tokenizers.Tokenizer:
    core = tokenizers.Tokenizer(model)
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return core


def _of_core(core: tokenizers.Tokenizer) -> PieceVocabulary:
    """The library writes a byte as a printable character: back to bytes."""
    written = _written_bytes()
    names = [str(core.id_to_token(i)) for i in range(core.get_vocab_size())]
    return PieceVocabulary(
        "bpe", [bytes(written[letter] for letter in name) for name in names], core
    )


def _written_bytes() -> dict[str, int]:
    """Printable bytes stand for themselves, the others for 256, 257, … (Radford et al., 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


def _lines(text: str) -> list[str]:
    """Lines with their ends, so that a text is encoded alike whole or in part."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
