"""Tables of time series: where the moments are, and series written one a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqlab.data.columns import (
    NUMERIC,
    ColumnKind,
    aliases,
    describe,
    find,
    kind,
    named,
    normalised,
)
from seqlab.data.times import join_times, parse_times, time_parts
from seqlab.errors import UserError


@dataclass(frozen=True)
class Moments:
    """The time of every row, the columns it was read from, and how they were found."""

    times: pd.Series
    columns: tuple[str, ...]
    sentence: str


def find_moments(
    frame: pd.DataFrame, *, given: str | None = None, origin: str = "the data"
) -> Moments | None:
    """The datetime (ns) of every row, from one column or from year, month, day …; None without."""
    if given is not None:
        name = named(frame, given, origin)
        return Moments(parse_times(frame[name], origin), (name,), "")
    parts = time_parts([str(name) for name in frame.columns])
    found = find(frame, "time", origin=origin, exclude=list(parts.values()))
    if found is not None:
        return Moments(parse_times(frame[found.column], origin), (found.column,), found.sentence)
    if parts:
        columns = tuple(parts.values())
        sentence = f"time: columns {', '.join(columns)} joined"
        return Moments(join_times(frame, parts, origin), columns, sentence)
    return None


def numeric_columns(frame: pd.DataFrame, *, exclude: Sequence[str] = ()) -> list[str]:
    """The columns of numbers, without those that have another role.

    What counts rows is no series, unless it is all there is or named as what is forecast: 0, 1,
    2, … go on too.
    """
    kinds = describe(frame)
    kept = [*NUMERIC, ColumnKind.CONSTANT]
    usual = [name for name in kinds if len(kinds) == 1 or normalised(name) in aliases("target")]
    return [
        name
        for name, kind in kinds.items()
        if (kind in kept or (kind is ColumnKind.IDENTIFIER and name in usual))
        and name not in exclude
        and pd.api.types.is_numeric_dtype(frame[name].dtype)
    ]


def numbers(frame: pd.DataFrame, name: str, origin: str) -> np.ndarray:
    """A column as float64; the error names the first row that is not a number."""
    column = frame[name]
    if column.dtype.kind in "iuf" and isinstance(column.dtype, np.dtype):
        return column.to_numpy("f8")
    values = pd.to_numeric(column, errors="coerce").astype("f8")
    wrong = (values.isna() & column.notna()).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise UserError(
            f'"{origin}" column "{name}" row {row + 1}: "{column.iloc[row]}" is not a number',
            "expected numbers; leave a cell empty where the value is missing",
        )
    return values.to_numpy()


def is_series_per_row(frame: pd.DataFrame) -> bool:
    """Whether each row is a series, as in M4: an identifier, then many numbers and no dates.

    The numbers end early where a series is shorter; a hole in the middle is a missing value.
    """
    if frame.shape[1] < 6:
        return False
    first, rest = frame.iloc[:, 0], frame.iloc[:, 1:]
    # The cheap checks first: a table may have thousands of columns.
    if pd.api.types.is_numeric_dtype(first.dtype) or not _numbered(list(map(str, rest.columns))):
        return False
    if not all(pd.api.types.is_numeric_dtype(dtype) for dtype in rest.dtypes):
        return False
    return first.is_unique and kind(first.head(1000)) is not ColumnKind.DATE


def _numbered(names: list[str]) -> bool:
    """Whether names are one stem with consecutive numbers (V2, V3, … or 1, 2, …) or were given."""
    digits = ["".join(filter(str.isdigit, name)) for name in names]
    stems = {name.rstrip("0123456789") for name in names}
    if len(stems) != 1 or not all(digits):
        return False
    return bool((np.diff([int(number) for number in digits]) == 1).all())


def rows_to_long(frame: pd.DataFrame) -> pd.DataFrame:
    """One series a row to one value a row: columns unique_id, step (from 0) and y, in order."""
    values = frame.iloc[:, 1:].to_numpy("f8")
    known = ~np.isnan(values)
    width = values.shape[1]
    lengths = np.where(known.any(axis=1), width - known[:, ::-1].argmax(axis=1), 0)
    inside = np.arange(width) < lengths[:, None]  # (series, steps), without the trailing blanks
    rows, steps = np.nonzero(inside)
    return pd.DataFrame(
        {
            "unique_id": frame.iloc[:, 0].astype("str").to_numpy()[rows],
            "step": steps,
            "y": values[inside],
        }
    )
