"""Tokens as numbers of words and of their pieces, so that unknown words are read by their spelling.

["to", "Xanten"] → [[3, 12, 80, …], [1, 0, 41, …]]: the word (1: unknown), then its pieces (0: none)

A word is written as pieces that unknown words share with known ones:
"Reworked" → p1:r p2:re p3:rew s1:d s2:ed s3:ked s4:rked shape:Xxx bare:reworked
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.table import Table
from seqlab.data.tokens import UNKNOWN, Tokenizer, TokenSpec, train_tokenizer
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Exhibit, Inputs, Predictions, as_ragged
from seqlab.tasks.inputs.cells import as_list
from seqlab.tasks.inputs.sequences import SequenceInput, objects
from seqlab.tasks.parts import Arrays, ColumnChoice, ColumnRequest

if TYPE_CHECKING:
    from seqlab.model.sequence_model import SequenceModel
    from seqlab.specs import ModelSpec

LONGEST_PREFIX, LONGEST_SUFFIX = 3, 4
PIECES_A_WORD = LONGEST_PREFIX + LONGEST_SUFFIX + 2  # and the shape and the bare word
# Longer runs of letters are alike; of digits they are not.
_LETTER_RUNS = re.compile(r"([Xx])\1{2,}")
_EDGES = re.compile(r"^\W+|\W+$")


def normalised_word(word: str) -> str:
    """A word as it is counted: in lower case, every digit a zero."""
    return re.sub(r"\d", "0", word.lower())


@lru_cache(maxsize=200_000)
def shape(word: str) -> str:
    """Capitals as X, small letters as x, digits as d, all else as it is: "St.12" → "Xx.dd"."""
    signs = (
        "d" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in word
    )
    return _LETTER_RUNS.sub(r"\1\1", "".join(signs))[:12]


@lru_cache(maxsize=200_000)
def affixes(word: str) -> tuple[str, ...]:
    """The pieces of a word: prefixes, suffixes, its shape, and the word without marks around it."""
    plain = normalised_word(word)
    prefixes = [f"p{n}:{plain[:n]}" for n in range(1, LONGEST_PREFIX + 1)]
    suffixes = [f"s{n}:{plain[-n:]}" for n in range(1, LONGEST_SUFFIX + 1)]
    return (*prefixes, *suffixes, f"shape:{shape(word)}", f"bare:{_EDGES.sub('', plain)}")


def frequent(items: Iterable[str], least: int, most: int) -> tuple[str, ...]:
    """What occurs at least `least` times, the commonest `most` of it, in a fixed order."""
    counts = Counter(items)
    kept = [(-count, item) for item, count in counts.items() if count >= least]
    return tuple(item for _, item in sorted(kept)[:most])


def numbered(words: Sequence[str], numbers: dict[str, int]) -> NDArray[np.int32]:
    """The number of each piece of each word; 0 for pieces that have none: (words, COUNT)."""
    rows = [[numbers.get(piece, 0) for piece in affixes(word)] for word in words]
    return np.asarray(rows, dtype=np.int32).reshape(-1, PIECES_A_WORD)


SPECIAL_NUMBERS = 2  # word numbers of padding and of unknown words
MOST_PIECES = 60_000  # prefixes, suffixes and shapes at most
BPE_VOCABULARY, BPE_PIECES = 4000, 8  # pieces at most: in all, of one word


class TokenOptions(Spec):
    """spelling: what a model reads of a word besides its number: prefixes, suffixes and shape, its
    BPE pieces, or nothing. min_count: rarer words have no number of their own.
    """

    spelling: Literal["affixes", "bpe", "none"] = "affixes"
    min_count: int = Field(2, ge=1)


class Tokens(SequenceInput):
    """Lists of tokens, or a token a row.

    words, pieces: what has a number, from 2 and from 1 on. BPE pieces are a tokenizer's.
    """

    roles = ("tokens", "sequence", "time")
    options_type = TokenOptions
    unit = "sentence"
    forms = ("lists", "tokens")
    thing = "tokens"
    plural = ("sentences", "tokens")

    options: TokenOptions = TokenOptions()
    words: tuple[str, ...] = ()
    affixes: tuple[str, ...] = ()
    _tokenizer: Tokenizer | None = PrivateAttr(None)

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """`tokens`, a list of words; and what `identity` says."""
        cells = table.frame[choice.columns["tokens"]]
        if choice.layout.form == "lists":
            tokens = [as_list(cell) or [] for cell in cells]
        else:
            tokens = [["" if pd.isna(word) else str(word) for word in cell] for cell in cells]
        frame = cls.identity(table, choice)
        return Examples({}, frame.assign(tokens=objects(tokens)))

    @classmethod
    def duplicate_keys(cls, rows: Examples) -> list[str]:
        return [" ".join(tokens) for tokens in rows.frame["tokens"]]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """The words and pieces of the training sentences."""
        words = [word for tokens in train.frame["tokens"] for word in tokens]
        plain = [normalised_word(word) for word in words]
        known: tuple[str, ...] = ()
        if options.spelling == "affixes":
            pieces = (piece for word in words for piece in affixes(word))
            known = frequent(pieces, 2, MOST_PIECES)
        learned = cls(
            **cls.common(train, choice, spec),
            options=options,
            words=frequent(plain, options.min_count, spec.vocabulary - SPECIAL_NUMBERS),
            affixes=known,
        )
        if options.spelling == "bpe":
            bpe = TokenSpec(kind="bpe", vocabulary=BPE_VOCABULARY, lowercase=False)
            learned._tokenizer = train_tokenizer(cls.duplicate_keys(train), bpe)
        return learned

    # -- learned -------------------------------------------------------------------------------

    @cached_property
    def numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        """Numbers of words (from 2) and of pieces (from 1)."""
        words = {word: i for i, word in enumerate(self.words, SPECIAL_NUMBERS)}
        return words, {piece: i for i, piece in enumerate(self.affixes, 1)}

    def found_again(self, table: Table, request: ColumnRequest) -> ColumnChoice:
        """In any layout that holds tokens."""
        return type(self).find(table, request)

    def encode(self, rows: Examples) -> Arrays:
        """`inputs`: numbers of each word and of its pieces, (T, 1 + K)."""
        return {"inputs": Ragged.of([self._read(tokens) for tokens in rows.frame["tokens"]])}

    def _read(self, tokens: Sequence[str]) -> Array:
        words, pieces = self.numbers
        numbers = [words.get(normalised_word(word), UNKNOWN) for word in tokens]
        columns: list[Array] = [np.asarray(numbers, dtype=np.int32)[:, None]]
        if self._tokenizer is not None:
            columns.append(bpe_pieces(tokens, self._tokenizer))
        elif self.affixes:
            columns.append(numbered(tokens, pieces))
        return np.concatenate(columns, axis=1)

    @property
    def inputs(self) -> Inputs:
        """Words of sentences that differ in length, with an output at each position."""
        size = len(self.words) + SPECIAL_NUMBERS
        return Inputs("tokens", size, longest=self.longest, per_position=True)

    def sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """(B, T, 1 + K); of words alone (B, T)."""
        values, mask = super().sequences(examples, rows)
        return values[..., 0] if values.shape[2] == 1 else values, mask

    def model(self, spec: ModelSpec) -> SequenceModel:
        """A model that reads words with their spelling."""
        from seqlab.tasks.inputs.text_models import SpellingModel

        pieces = len(self.affixes) + 1
        if self._tokenizer is not None:
            pieces = self._tokenizer.vocabulary_size
        if pieces == 1:
            return super().model(spec)
        return SpellingModel(spec, self.inputs.size, pieces)

    def model_defaults(self) -> dict[str, Any]:
        """Large tables of words and pieces learn by heart."""
        return {"embedding_dropout": 0.3}

    def presented(self, examples: Examples) -> dict[str, Any]:
        tokens = [token for tokens in examples.frame["tokens"] for token in tokens]
        return {**super().presented(examples), "token": tokens}

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Words with a number of their own against those that are known by their spelling only."""
        unknown = examples.ragged("inputs").values[:, 0] == UNKNOWN
        right = as_ragged(predictions).values[:, 0] == examples.ragged("tags").values
        rows = [
            [name, int(chosen.sum()), float(right[chosen].mean())]
            for name, chosen in (("in the vocabulary", ~unknown), ("not in it", unknown))
            if chosen.any()
        ]
        columns = ["words", "in test", "tags right"]
        note = "The vocabulary holds the words that training has often enough."
        data = {"columns": columns, "rows": rows}
        return [Exhibit("table", "Known and unknown words", data, note)]

    def card(self, train: Examples) -> dict[str, Any]:
        return {
            **super().card(train),
            "vocabulary": len(self.words) + SPECIAL_NUMBERS,
            "spelling": self.options.spelling,
        }

    def save(self, folder: Path) -> None:
        """What was learned, and the tokenizer where words are read by their BPE pieces."""
        super().save(folder)
        if self._tokenizer is not None:
            self._tokenizer.save(folder / "tokenizer.json")

    @classmethod
    def load(cls, folder: Path) -> Self:
        learned = super().load(folder)
        if learned.options.spelling == "bpe":
            learned._tokenizer = Tokenizer.load(folder / "tokenizer.json")
        return learned


def bpe_pieces(words: Sequence[str], tokenizer: Tokenizer) -> Array:
    """The numbers of each word's first BPE pieces, then zeros: (words, BPE_PIECES)."""
    numbers = np.zeros((len(words), BPE_PIECES), dtype=np.int32)
    for row, ids in enumerate(tokenizer.encode_batch(list(words))):
        numbers[row, : len(ids)] = ids[:BPE_PIECES]
    return numbers
