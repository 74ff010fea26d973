"""Rows as examples: where each came from, which are left out, and how they are divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.columns import named
from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.group_columns import group_findings
from seqlab.data.inspection import split_findings
from seqlab.data.split_spec import SPLIT_NAMES, SplitSpec
from seqlab.data.splits import RowsToDivide, Splits, folds, split
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.data.unused import unused_findings
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.inputs.copies import conflicts, copies
from seqlab.tasks.parts import ColumnChoice, Input, Target

LISTED_EXAMPLES = 10  # that a note names
DIVIDING_ROLES = ("group", "split")  # of columns that divide rows and are not read


@dataclass(frozen=True)
class Origins:
    """The given tables' names and numbers of rows, in the order in which they were joined."""

    tables: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, sources: Sources) -> Origins:
        """Of the tables that were given."""
        given = (sources.train, sources.valid, sources.test)
        return cls(tuple((part.origin, len(part.frame)) for part in given if part is not None))

    def names(self) -> list[str]:
        """What messages call each row: its number in its table, from 1, and which table that is."""
        several = len(self.tables) > 1
        return [
            f'"{origin}" row {row + 1:,}' if several else f"row {row + 1:,}"
            for origin, rows in self.tables
            for row in range(rows)
        ]


@dataclass(frozen=True, kw_only=True)
class StudyRows:
    """Every usable row of every given table, as anyone reads it; nothing is learned yet.

    dividing: columns of group and split. names: what messages call each row. notes: how columns
    were found. left_out: which rows were, and why.
    """

    rows: Examples
    reader: type[Input]
    target_type: type[Target]
    input: ColumnChoice
    target: ColumnChoice
    dividing: dict[str, str]
    groups: list[Any] | None
    given: list[str] | None
    origin: str
    names: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """Role → column, of all roles."""
        return {**self.input.columns, **self.target.columns, **self.dividing}

    @property
    def together(self) -> tuple[list[Any] | None, tuple[str, ...]]:
        """Whose each row is, as a column or the input says: rows of one are alike; and notes."""
        read = self.reader.groups(self.rows) if self.groups is None else None
        return (self.groups, ()) if read is None else (list(read[0]), (read[1],))

    def findings(self, table: Table, spec: DataSpec) -> list[Finding]:
        """What does not depend on the division; `table` is the first that was given."""
        rows, target = self.rows, self.target_type
        wanted = target.used(table, self.target)
        used = [*self.reader.used(table, self.input), *wanted, *self.dividing.values()]
        return [
            *(Finding("info", note) for note in self.notes if note not in table.notes),
            *(Finding("warning", note) for note in self.left_out),
            *self.reader.findings(rows, target.labels(rows)),
            *target.findings(rows, self.target),
            *group_findings(table.frame, self.dividing.get("group"), used, wanted),
            *unused_findings(table.frame, used),
        ]

    def findings_in(self, splits: Splits, table: Table, spec: DataSpec, seed: int) -> list[Finding]:
        """The same, and what depends on the division."""
        rows, target = self.rows, self.target_type
        digests = self.reader.digests(rows)
        equal = [] if digests is None else copies(digests, splits)
        equal += [] if digests is None else conflicts(digests, target.labels(rows))
        return [
            *self.findings(table, spec),
            *split_findings(splits, target.strata(rows)),
            *equal,
            *target.findings_in_parts(rows, splits, self.reader.duplicate_keys(rows), seed),
        ]


def dividing_columns(table: Table, given: dict[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The columns of group and split by role, and how they were found."""
    frame = table.frame
    columns = {
        role: named(frame, given[role], table.origin) for role in DIVIDING_ROLES if role in given
    }
    if "split" not in columns and "split" in frame.columns and names_parts(frame):
        return {**columns, "split": "split"}, ('split: column "split"',)
    return columns, ()


def divide(rows: RowsToDivide, spec: DataSpec, seed: int, origin: str) -> list[Splits]:
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


def parts_of(column: pd.Series) -> list[str]:
    """The part that each row came with, under the names train, valid and test."""
    return [SPLIT_NAMES.get(str(v).strip().lower(), str(v)) for v in column]


def observations(groups: Sequence[Any] | None) -> NDArray[np.int64] | None:
    """The number of the observation that each row belongs to: its group; without one, itself."""
    if groups is None:
        return None
    codes = pd.factorize(np.asarray(groups, dtype=object))[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def counted_once(group: str | None, test: Examples) -> list[str]:
    """A note on how many observations the test part holds, where a column says so."""
    if group is None or test.blocks is None:
        return []
    held = len(np.unique(test.blocks))
    return [
        f'each value of "{group}" counts as one observation: the test part has {held:,} of them'
    ]


def left_out(names: Sequence[str], why: str) -> str:
    """A note that counts examples that were left out and names the first of them.

    "row 4", "row 6" are written "rows 4, 6".
    """
    count = f"{len(names):,} {'example' if len(names) == 1 else 'examples'}"
    listed = list(names[:LISTED_EXAMPLES])
    if all(name.startswith("row ") for name in listed):
        count = count.replace("example", "row")
        numbers = ", ".join(name.removeprefix("row ") for name in listed)
        listed = [f"row{'s' if len(names) > 1 else ''} {numbers}"]
    more = f" and {len(names) - LISTED_EXAMPLES:,} more" if len(names) > LISTED_EXAMPLES else ""
    return f"{count} left out: {why} ({', '.join(listed)}{more})"


def reasons(flaws: pd.Series, names: Sequence[str]) -> list[str]:
    """A note for each reason why rows cannot be used."""
    by_row: NDArray[np.object_] = flaws.to_numpy(dtype=object)
    return [
        left_out([names[int(row)] for row in np.flatnonzero(by_row == why)], why)
        for why in dict.fromkeys(by_row)
        if why
    ]


def quoted(texts: Sequence[str]) -> str:
    """The first of some texts, in brackets, for a note on examples that have no number left."""
    some = ", ".join(
        f'"{text[:39]}…"' if len(text) > 40 else f'"{text}"' for text in texts[:LISTED_EXAMPLES]
    )
    more = f" and {len(texts) - LISTED_EXAMPLES:,} more" if len(texts) > LISTED_EXAMPLES else ""
    return f"({some}{more})"
