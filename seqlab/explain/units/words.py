"""Words of texts in the columns of a frame, and the texts without some of them."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.units.base import Flags, Removal, Rows
from seqlab.explain.units.token_units import TokenUnits
from seqlab.tasks.row_task import RowTask

WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]+")
CHARACTER = re.compile(r"\S")
BLANKS = re.compile(r"\S+")
NO_WORD = "\ue000"  # of no language, so that no vocabulary has it
SPACES = re.compile(r"[ \t]{2,}")
MOST_IN_POOL = 200_000  # words that are drawn from


class Word(NamedTuple):
    """A word of a text: its characters from `start` up to `end`."""

    column: str
    start: int
    end: int
    text: str


class WordUnits(TokenUnits):
    """Subclasses say which columns are read, and what of them each position stands for."""

    columns: tuple[str, ...]
    pattern = WORD

    def __init__(self, task: RowTask, examples: Examples, background: Examples) -> None:
        self.task: RowTask = task
        self.examples, self.background = examples, background
        self.words = lru_cache(maxsize=4096)(self._words)

    @abstractmethod
    def places(self, row: int) -> Rows: ...

    def _words(self, row: int) -> tuple[Word, ...]:
        return tuple(
            Word(column, found.start(), found.end(), found.group())
            for column in self.columns
            for found in self.pattern.finditer(self.text(column, row))
        )

    def text(self, column: str, row: int) -> str:
        """A column of an example, as it was read."""
        return str(self.examples.frame[column].iat[row])

    def names(self, row: int) -> list[str]:
        return [word.text for word in self.words(row)]

    def keys(self, row: int) -> list[str]:
        """Words whatever their case."""
        return [name.lower() for name in self.names(row)]

    def unit_at(self, row: int, column: str) -> Rows:
        """The unit of each character of a column, −1: of none."""
        units = np.full(len(self.text(column, row)) + 1, -1, dtype=np.int64)
        for number, word in enumerate(self.words(row)):
            if word.column == column:
                units[word.start : word.end] = number
        return units

    def units_of_offsets(self, row: int, column: str, offsets: Sequence[tuple[int, int]]) -> Rows:
        """The unit that most of each token's characters belong to."""
        at = self.unit_at(row, column)
        found = []
        for start, end in offsets:
            inside = at[start : max(end, start + 1)]
            inside = inside[inside >= 0]
            found.append(int(np.bincount(inside).argmax()) if len(inside) else -1)
        return np.array(found, dtype=np.int64)

    def without(
        self, rows: Rows, removed: Sequence[Flags], how: Removal, rng: np.random.Generator
    ) -> Examples:
        taken = self.examples.take(rows)
        frame = taken.frame.copy()
        for column in self.columns:
            frame[column] = [
                self._text_without(int(row), column, flags, how, rng)
                for row, flags in zip(rows, removed, strict=True)
            ]
        changed = Examples({}, frame, taken.shared, taken.blocks)
        read = self.task.reader.encode(changed)
        return replace(changed, arrays={**taken.arrays, **read})

    def _text_without(
        self, row: int, column: str, flags: Flags, how: Removal, rng: np.random.Generator
    ) -> str:
        text, parts, done = self.text(column, row), [], 0
        words = self.words(row)
        for number in np.flatnonzero(flags):
            word = words[number]
            if word.column == column:
                parts += [text[done : word.start], self._stead(how, rng)]
                done = word.end
        kept = "".join([*parts, text[done:]])
        return SPACES.sub(" ", kept).strip() if how == "delete" else kept

    def _stead(self, how: Removal, rng: np.random.Generator) -> str:
        if how == "resample" and self.pool:
            return self.pool[int(rng.integers(len(self.pool)))]
        return "" if how == "delete" else NO_WORD

    @cached_property
    def pool(self) -> list[str]:
        """Words of the data, as often as they are there."""
        found: list[str] = []
        for column in self.columns:
            for text in self.background.frame[column]:
                found += self.pattern.findall(str(text))
                if len(found) >= MOST_IN_POOL:
                    return found
        return found
