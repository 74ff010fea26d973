"""Tokens of a sentence that is tagged: each is a unit, with its spelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.units.base import Flags, Removal, Rows
from seqlab.explain.units.token_units import TokenUnits
from seqlab.explain.units.words import NO_WORD
from seqlab.tasks.inputs.sequences import objects
from seqlab.tasks.row_task import RowTask


class SentenceUnits(TokenUnits):
    """None can be deleted, for a tag stands at each."""

    removals: tuple[Removal, ...] = ("mask", "resample")

    def __init__(self, task: RowTask, examples: Examples, background: Examples) -> None:
        self.task: RowTask = task
        self.examples, self.background = examples, background

    def names(self, row: int) -> list[str]:
        tokens: Any = self.examples.frame["tokens"].iat[row]
        return [str(token) for token in tokens]

    def places(self, row: int) -> Rows:
        return np.arange(len(self.names(row)))

    def without(
        self, rows: Rows, removed: Sequence[Flags], how: Removal, rng: np.random.Generator
    ) -> Examples:
        def stead() -> str:
            return self.pool[int(rng.integers(len(self.pool)))] if how == "resample" else NO_WORD

        taken = self.examples.take(rows)
        altered = [
            [
                stead() if away else word
                for word, away in zip(self.names(int(row)), flags, strict=True)
            ]
            for row, flags in zip(rows, removed, strict=True)
        ]
        changed = replace(taken, frame=taken.frame.assign(tokens=objects(altered)))
        read = self.task.reader.encode(changed)
        return replace(changed, arrays={**taken.arrays, **read})

    @cached_property
    def pool(self) -> list[str]:
        """Tokens of the data, as often as they are there."""
        return [str(word) for tokens in self.background.frame["tokens"] for word in tokens]
