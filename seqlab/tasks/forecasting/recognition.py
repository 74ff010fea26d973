"""Whether a table looks like time series, and why."""

from __future__ import annotations

import pandas as pd

from seqlab.data.columns import ColumnKind, aliases, describe, normalised
from seqlab.data.moments.finding import find_moments
from seqlab.data.series import numeric_columns
from seqlab.data.table import Table
from seqlab.data.wide import find_wide
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence

FEWEST_ROWS = 20  # rows from which a column of bare numbers is likely a series


def recognise(table: Table) -> Confidence:
    """Dates and numbers that advance with them; or many numbers a row; or numbers alone."""
    frame = table.frame
    wide = find_wide(frame)
    if wide is not None and wide.dated:
        return Confidence(0.9, "a series a row under a header of dates")
    if wide is not None:
        return Confidence(0.85, f"{len(frame)} rows that each hold a series of numbers")
    kinds = describe(frame)
    numeric = numeric_columns(frame)
    if not numeric:
        return Confidence(0.0, "no column of numbers")
    if ColumnKind.LIST in kinds.values():
        return Confidence(0.0, "columns of lists")
    texts = [name for name, kind in kinds.items() if kind is ColumnKind.TEXT]
    dates, columns = _dates(table)
    numeric = [name for name in numeric if name not in columns] or numeric
    texts = [name for name in texts if name not in columns]
    if dates is None:
        return _undated(frame, kinds, numeric)
    if texts:
        return Confidence(0.3, f"dates and numbers, but texts too ({texts[0]})")
    names = {normalised(str(name)) for name in frame.columns}
    ids = names & set(aliases("series"))
    if ids and {"ds", "timestamp"} & names:
        return Confidence(1.0, "series, dates and values under their usual names")
    if not ids and dates.duplicated().mean() > 0.5:
        return Confidence(0.5, "dates and numbers, but the dates repeat")
    if len(columns) > 1:  # words and numbers that are one moment together are no texts and classes
        return Confidence(0.95, f"moments in {', '.join(columns)}, and numbers")
    columns_said = "a column" if len(numeric) == 1 else f"{len(numeric)} columns"
    return Confidence(0.9, f"dates with {columns_said} of numbers")


def _dates(table: Table) -> tuple[pd.Series | None, tuple[str, ...]]:
    """The moments of the rows, and the columns that hold them."""
    try:
        dates = find_moments(table.frame, origin=table.origin)
    except UserError:  # said when the user asks for a forecast
        names = {normalised(str(name)) for name in table.frame.columns}
        return pd.Series(dtype="datetime64[us]") if names & set(aliases("time")) else None, ()
    return (None, ()) if dates is None else (dates.times, dates.columns)


def _undated(frame: pd.DataFrame, kinds: dict[str, ColumnKind], numeric: list[str]) -> Confidence:
    left = kinds.keys() - set(numeric)
    others = any(kinds[name] is not ColumnKind.IDENTIFIER for name in left)
    if others or len(frame) < FEWEST_ROWS:
        return Confidence(0.05, "no dates")
    if len(numeric) == 1:
        return Confidence(0.7, "one column of numbers, read as a series")
    return Confidence(0.4, "columns of numbers only, read as channels over time")
