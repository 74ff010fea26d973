"""Tables whose rows are examples: where each row came from, and how the rows are divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.split_spec import SPLIT_NAMES, SplitSpec
from seqlab.data.splits import Rows, Splits, folds, split
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources

LISTED = 8  # rows that a note names


@dataclass(frozen=True)
class Origins:
    """The given tables' names and numbers of rows, in the order in which they were joined."""

    tables: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, sources: Sources) -> Origins:
        """Of the tables that were given."""
        given = (sources.train, sources.valid, sources.test)
        return cls(tuple((part.origin, len(part.frame)) for part in given if part is not None))

    def place(self, row: int, column: str) -> str:
        """A cell for messages: the table it came from, its column, its row there from 1."""
        for origin, rows in self.tables:
            if row < rows:
                return f'"{origin}" column "{column}" row {row + 1}'
            row -= rows
        raise AssertionError("a row beyond the last table")


def divide(rows: Rows, spec: DataSpec, seed: int, origin: str) -> list[Splits]:
    """One division of the rows, or one per fold."""
    wanted = SplitSpec.parse(
        spec.split, folds=spec.folds or 0, keep_duplicates=spec.keep_duplicates
    )
    try:
        if wanted.folds:
            return folds(rows, wanted, seed)
        return [split(rows, wanted, seed)]
    except UserError as error:
        if error.message.startswith("--"):
            raise
        raise UserError(f'"{origin}": {error.message}', error.hint) from None


def only(rows: Rows, kept: NDArray[np.int64]) -> Rows:
    """What is known of some of the rows."""
    known: dict[str, Any] = {
        name: np.asarray(values)[kept]
        for name in ("labels", "texts", "groups", "times", "given")
        if (values := getattr(rows, name)) is not None
    }
    return replace(rows, count=len(kept), **known)


def parts_of(column: pd.Series) -> list[str]:
    """The part that each row came with, under the names train, valid and test."""
    return [SPLIT_NAMES.get(str(v).strip().lower(), str(v)) for v in column]


def dropped(rows: Sequence[int] | NDArray[np.int64], why: str) -> str:
    """A note that counts rows that were left out and lists the first of them."""
    some = ", ".join(f"{int(row) + 1:,}" for row in rows[:LISTED])
    more = f" and {len(rows) - LISTED:,} more" if len(rows) > LISTED else ""
    count = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
    return f"{count} left out: {why} (row{'s' if len(rows) > 1 else ''} {some}{more})"


def named(texts: Sequence[str]) -> str:
    """The first of some texts, in brackets, for a note on examples that have no number left."""
    some = ", ".join(
        f'"{text[:39]}…"' if len(text) > 40 else f'"{text}"' for text in texts[:LISTED]
    )
    more = f" and {len(texts) - LISTED:,} more" if len(texts) > LISTED else ""
    return f"({some}{more})"
