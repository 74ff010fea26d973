"""Whether a table looks like time series, and why."""

from __future__ import annotations

import pandas as pd

from seqlab.data.columns import ColumnKind, aliases, describe, normalised
from seqlab.data.series import find_moments, is_series_per_row, numeric_columns
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence
from seqlab.tasks.forecasting.layout import has_header_of_dates

FEWEST = 20  # rows from which a column of bare numbers is likely a series


def recognise(table: Table) -> Confidence:
    """Dates and numbers that advance with them; or many numbers a row; or numbers alone."""
    frame = table.frame
    if has_header_of_dates(frame):
        return Confidence(0.9, "a series a row under a header of dates")
    if is_series_per_row(frame):
        return Confidence(0.85, f"{len(frame)} rows that each hold a series of numbers")
    kinds = describe(frame)
    numeric = numeric_columns(frame)
    if not numeric:
        return Confidence(0.0, "no column of numbers")
    if ColumnKind.LIST in kinds.values():
        return Confidence(0.0, "columns of lists")
    texts = [name for name, kind in kinds.items() if kind is ColumnKind.TEXT]
    dates = _dates(table)
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
    held = "a column" if len(numeric) == 1 else f"{len(numeric)} columns"
    return Confidence(0.9, f"dates with {held} of numbers")


def _dates(table: Table) -> pd.Series | None:
    try:
        moments = find_moments(table.frame, origin=table.origin)
    except UserError:  # said when the user asks for a forecast
        names = {normalised(str(name)) for name in table.frame.columns}
        return pd.Series(dtype="datetime64[ns]") if names & set(aliases("time")) else None
    return None if moments is None else moments.times


def _undated(frame: pd.DataFrame, kinds: dict[str, ColumnKind], numeric: list[str]) -> Confidence:
    others = [n for n, kind in kinds.items() if n not in numeric and kind != ColumnKind.IDENTIFIER]
    if others or len(frame) < FEWEST:
        return Confidence(0.05, "no dates")
    if len(numeric) == 1:
        return Confidence(0.7, "one column of numbers, read as a series")
    return Confidence(0.4, "columns of numbers only, read as channels over time")
