"""Tables that tasks left, as they are printed; those of several contestants as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seqlab.report.cases import Shown
from seqlab.report.numbers import cell, fixed
from seqlab.report.stored import Contestant

MOST_COLUMNS = 24  # of one table for several contestants
DIGITS = 3
SPAN = 1000  # values further apart than this have no number of decimals in common


@dataclass(frozen=True)
class Sheet:
    """A table in print. words: which columns hold text, and are set flush left."""

    columns: list[str]
    words: list[bool]
    rows: list[list[str]]


@dataclass(frozen=True)
class Merged:
    """One table for all contestants: what they share once, then a column a measure and contestant.

    rows: shared values, then the first measure of each contestant, the second of each, …
    """

    columns: list[str]
    measures: list[str]
    contestants: list[Contestant]
    rows: list[list[Any]]

    @property
    def sheet(self) -> Sheet:
        """In print, a measure's numbers alike for all contestants."""
        width, shared = len(self.contestants), len(self.columns)
        groups = [[place] for place in range(shared)]
        for measure in range(len(self.measures)):
            start = shared + measure * width
            groups.append(list(range(start, start + width)))
        names = [*self.columns, *(name for name in self.measures for _ in self.contestants)]
        return _printed(names, self.rows, groups)


def sheet(data: dict[str, Any]) -> Sheet:
    """One contestant's table."""
    columns = [str(name) for name in data["columns"]]
    return _printed(columns, data["rows"], [[place] for place in range(len(columns))])


def merged(shown: list[Shown]) -> Merged | None:
    """One table of several, if they describe the same rows and differ in numbers only."""
    columns = shown[0][1]["columns"]
    tables = [{str(row[0]): row for row in data["rows"]} for _, data in shown]
    same_columns = all(data["columns"] == columns for _, data in shown)
    unique = all(
        len(table) == len(data["rows"]) for table, (_, data) in zip(tables, shown, strict=True)
    )
    if len(shown) < 2 or not (same_columns and unique):
        return None
    keys = list(dict.fromkeys(key for table in tables for key in table))
    versions = {key: [table[key] for table in tables if key in table] for key in keys}
    differing = [
        place
        for place in range(1, len(columns))
        if any(row[place] != rows[0][place] for rows in versions.values() for row in rows)
    ]
    numeric = all(
        _is_number(row[place]) for rows in versions.values() for row in rows for place in differing
    )
    if not differing or not numeric or len(differing) * len(shown) > MOST_COLUMNS:
        return None
    shared = [number for number in range(len(columns)) if number not in differing]
    return Merged(
        columns=[columns[number] for number in shared],
        measures=[columns[place] for place in differing],
        contestants=[contestant for contestant, _ in shown],
        rows=[
            [versions[key][0][number] for number in shared]
            + [table[key][p] if key in table else None for p in differing for table in tables]
            for key in keys
        ],
    )


def _printed(columns: list[str], rows: Sequence[Sequence[Any]], groups: list[list[int]]) -> Sheet:
    """Columns of a group are written with the same number of decimals."""
    printed = [[cell(value) for value in row] for row in rows]
    words = [any(isinstance(row[place], str) for row in rows) for place in range(len(columns))]
    for group in groups:
        places = _decimals([row[place] for row in rows for place in group])
        if places is None:
            continue
        for row, text in zip(rows, printed, strict=True):
            for place in group:
                if row[place] is not None:
                    text[place] = fixed(float(row[place]), places)
    return Sheet(columns, words, printed)


def _decimals(values: list[Any]) -> int | None:
    """How many decimals show three digits of the largest; None: each number for itself."""
    if not all(_is_number(value) for value in values):
        return None
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0]
    whole = all(isinstance(v, int) for v in values if v is not None)
    if whole or not sizes or max(sizes) > SPAN * min(sizes):
        return None
    return max(0, DIGITS - math.ceil(math.log10(max(sizes))))


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
