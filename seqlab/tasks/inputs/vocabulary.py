"""Strings to numbers and back: characters, what stands between blanks, or byte pairs.

    "AH0 B AW1 T"  ↔  words "AH0", "B", "AW1", "T"  ↔  5 9 31 4

0 is padding and 1 what the training part does not hold; the number after the last piece begins and
ends what is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PrivateAttr

from seqlab.data.tokens import PAD, UNKNOWN, Tokenizer, TokenSpec, train_tokenizer
from seqlab.data.words import count_words, words
from seqlab.errors import UserError
from seqlab.runs import read_json, write_json
from seqlab.specs import Spec
from seqlab.tasks.parts import Input, Part

Kind = Literal["character", "word", "bpe"]
Ids = NDArray[np.int32]

SPECIAL_TOKENS = 2  # padding and unknown
UNSPACED_LETTERS = 15  # letters between blanks, from which on a script puts none between words
SHORT_CHARACTERS = 16  # characters of a string that is spelled rather than said
MOST_SYMBOLS = 200  # different words, up to which they are symbols of a closed set
CUTTERS: dict[str, tuple[Callable[[str], Iterable[str]], str]] = {
    "character": (iter, ""),
    "word": (words, " "),
}


class Vocabulary:
    """The pieces of one side by number; `core` is the byte-pair encoder, if there is one."""

    def __init__(self, kind: Kind, pieces: Sequence[str], core: Tokenizer | None = None) -> None:
        self.kind, self.pieces, self.core = kind, list(pieces), core
        self.numbers = {piece: i for i, piece in enumerate(self.pieces, start=SPECIAL_TOKENS)}

    @property
    def end(self) -> int:
        """What begins and ends a string that is written."""
        return len(self.pieces) + SPECIAL_TOKENS if self.core is None else self.core.vocabulary_size

    @property
    def size(self) -> int:
        """How many numbers there are, `end` included."""
        return self.end + 1

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """The numbers of each text."""
        if self.core is not None:
            return self.core.encode_batch(texts)
        cut = CUTTERS[self.kind][0]
        known = self.numbers
        return [
            np.fromiter((known.get(p, UNKNOWN) for p in cut(text)), dtype=np.int32)
            for text in texts
        ]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of numbers, without padding and ends."""
        if self.core is not None:
            return str(self.core.core.decode([int(i) for i in ids if i < self.end])).strip()
        return CUTTERS[self.kind][1].join(self.labels(ids))

    def labels(self, ids: Iterable[int]) -> list[str]:
        """The piece of each number, without padding and ends; "�" is one of no piece."""
        said = [int(i) for i in ids if PAD < i < self.end]
        if self.core is not None:
            return [self.decode([i]) for i in said]
        return ["�" if i == UNKNOWN else self.pieces[i - SPECIAL_TOKENS] for i in said]

    def unknown(self, texts: Iterable[str]) -> Counter[str]:
        """The pieces of texts that have no number, counted."""
        if self.core is not None:
            return Counter()
        cut = CUTTERS[self.kind][0]
        return Counter(p for text in texts for p in cut(text) if p not in self.numbers)

    def save(self, path: Path) -> None:
        """JSON: the pieces, or the byte-pair encoder in its library's own form."""
        if self.core is not None:
            self.core.save(path)
        else:
            write_json(path, {"kind": self.kind, "pieces": self.pieces})

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read what `save` wrote."""
        stored = read_json(path)
        if "pieces" in stored:
            return cls(stored["kind"], stored["pieces"])
        return cls("bpe", (), Tokenizer.load(path))


def learn(texts: Sequence[str], kind: Kind, size: int) -> Vocabulary:
    """The most frequent pieces of training texts, at most `size` numbers in all."""
    if kind == "bpe":
        core = train_tokenizer(texts, TokenSpec(kind="bpe", vocabulary=size - 1, lowercase=False))
        return Vocabulary(kind, (), core)
    counts = Counter(piece for text in texts for piece in CUTTERS[kind][0](text))
    room = size - SPECIAL_TOKENS - 1
    if room < 1:
        raise UserError(
            f"data.vocabulary = {size}: three entries are taken by special tokens", "raise it"
        )
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Vocabulary(kind, [piece for piece, _ in ordered[:room]])


def kind_for(texts: Sequence[str]) -> tuple[Kind, str]:
    """How one side is best cut, and why, in words."""
    sample = texts[:5000]
    total = max(sum(map(count_words, sample)), 1)
    different = len({word for text in sample for word in words(text)})
    each, letters = total / len(sample), sum(map(len, sample)) / len(sample)
    if each >= 1.5 and different <= min(MOST_SYMBOLS, total / 10):
        return "word", f"{different} symbols divided by blanks"
    if letters <= SHORT_CHARACTERS or each < 1.5:
        return "character", f"short strings, {letters:.0f} characters on average"
    if letters / each > UNSPACED_LETTERS:
        return "character", "few blanks"
    return "bpe", f"sentences, {each:.0f} words on average"


PLURALS: dict[str, str] = {"character": "characters", "word": "words", "bpe": "byte pairs"}


class VocabularySpec(Spec):
    """What is asked of a vocabulary; None: told from the training part.

    kind: how strings are cut. size: the most pieces. most: the most where no size is asked for.
    """

    kind: Kind | None = None
    size: int | None = None
    most: int

    def learn(self, side: str, texts: Sequence[str]) -> tuple[Vocabulary, str]:
        """The vocabulary of one side, and how its kind was chosen, in words."""
        kind, note = self.kind, ""
        if kind is None:
            kind, why = kind_for(texts)
            note = f"{side}: tokens are {PLURALS[kind]} ({why})"
        size = self.size
        if size is None:
            size = size_for(texts, self.most) if kind == "bpe" else self.most
        return learn(texts, kind, size), note


def size_for(texts: Sequence[str], most: int) -> int:
    """How many byte pairs a training part can teach: one for a hundred words, 1,000 to 8,000."""
    hundreds = sum(map(count_words, texts)) // 100
    return min(most, int(np.clip(hundreds, 1000, 8000)))


class VocabularyPart(Part):
    """A part whose `learn` ends in `with_vocabulary`, which has a file of its own."""

    _vocabulary: Vocabulary = PrivateAttr()

    @property
    def vocabulary(self) -> Vocabulary:
        """The pieces of the training strings."""
        return self._vocabulary

    def with_vocabulary(self, vocabulary: Vocabulary) -> Self:
        """The same part, from now on with a vocabulary."""
        self._vocabulary = vocabulary
        return self

    def save(self, folder: Path) -> None:
        super().save(folder)
        self.vocabulary.save(folder / "vocabulary.json")

    @classmethod
    def load(cls, folder: Path) -> Self:
        return super().load(folder).with_vocabulary(Vocabulary.load(folder / "vocabulary.json"))


class TokenizedInput(Input):
    """An input whose `learn` ends in `reading_by(tokenizer)`, which has a file of its own."""

    _tokenizer: Tokenizer = PrivateAttr()

    @property
    def tokenizer(self) -> Tokenizer:
        """Learned from the training texts alone."""
        return self._tokenizer

    def reading_by(self, tokenizer: Tokenizer) -> Self:
        """The same input, from now on with a tokenizer."""
        self._tokenizer = tokenizer
        return self

    def save(self, folder: Path) -> None:
        super().save(folder)
        self.tokenizer.save(folder / "tokenizer.json")

    @classmethod
    def load(cls, folder: Path) -> Self:
        return super().load(folder).reading_by(Tokenizer.load(folder / "tokenizer.json"))
