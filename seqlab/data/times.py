"""Moments in time: parsing them, and telling a column of dates from other words or numbers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd

from seqlab.errors import UserError

_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ]\d{1,2}(:?\d{2})?.*)?"  # 2016-07-01 00:00, 1749-01
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([T ,]+\d{1,2}:\d{2}.*)?"  # 31/12/2016, 12/31/16 5:00
    r"|\d{4}-?[Qq][1-4]"  # 2016Q3
    r"|\d{1,2}[ -][A-Za-z]{3,9}[ ,-]+\d{2,4}.*|[A-Za-z]{3,9}[ -]\d{1,2}, ?\d{4}.*"  # 1 Jan 2016
)
ZONE = r"\d:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:[+-]\d{2}:?\d{2}|Z)$"
_QUARTER = r"(\d{4})-?[Qq]([1-4])"
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_SYNONYMS = {"date_of_month": "day", "day_of_month": "day", "yr": "year", "mon": "month"}
_EXPECTED = "expected dates such as 2016-07-01 or 2016-07-01 13:00:00, written alike in every row"


def looks_like_dates(values: pd.Series) -> bool:
    """Whether a column of strings (none missing) holds dates, judged by a sample."""
    sample = values.head(500)
    return bool(sample.map(lambda value: bool(_DATE.fullmatch(value.strip()))).mean() > 0.9)


def is_numeric_time(column: pd.Series) -> bool:
    """Whether whole numbers are years, dates such as 20160701, or Unix seconds or milliseconds."""
    return _scale(column) is not None


def parse_times(column: pd.Series, origin: str) -> pd.Series:
    """A column as datetimes (ns) without zone; moments with a zone are converted to UTC.

    Dates such as 1/2/2016 are read with the month first unless only the other reading parses
    every row or puts them in order. Errors name the first row that is not a date.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        times = _without_zone(column)
    elif (scale := _scale(column)) is not None:
        readable = column.astype(str) if "format" in scale else column
        times = _without_zone(pd.to_datetime(readable, errors="coerce", **scale))
    else:
        times = _best_reading(column.astype("str").str.strip())
    if times.isna().any():
        row = int(times.isna().to_numpy().argmax())
        given = column.iloc[row]
        what = "the date is missing" if pd.isna(given) else f'"{given}" is not a date'
        raise UserError(f'"{origin}" column "{column.name}" row {row + 1}: {what}', _EXPECTED)
    return times


def _scale(column: pd.Series) -> dict[str, Any] | None:
    """How `pd.to_datetime` reads a column of whole numbers, or None where it cannot be times."""
    if not pd.api.types.is_integer_dtype(column.dtype) or column.empty or column.isna().any():
        return None
    low, high = int(column.min()), int(column.max())
    if low >= 1500 and high <= 2200:
        return {"format": "%Y"}
    if low >= 15_000_101 and high <= 22_001_231:
        return {"format": "%Y%m%d"}
    if low >= 10**8 and high < 10**10:
        return {"unit": "s"}
    if low >= 10**11 and high < 10**13:
        return {"unit": "ms"}
    return None


def _best_reading(values: pd.Series) -> pd.Series:
    """The reading that parses the most rows; of equals, one that puts them in order."""
    if values.str.fullmatch(_QUARTER).all():
        starts = values.str.replace(
            _QUARTER, lambda match: f"{match[1]}-{3 * int(match[2]) - 2:02d}", regex=True
        )
        return _without_zone(pd.to_datetime(starts, format="%Y-%m"))
    readings = [_read(values, {}), _read(values, {"dayfirst": True})]
    if all(times.isna().any() for times in readings):
        mixed = _read(values, {"format": "mixed"})
        readings.append(mixed.where(values.str.fullmatch(_DATE.pattern).fillna(False)))
    return min(readings, key=lambda times: (times.isna().sum(), not times.is_monotonic_increasing))


def _read(values: pd.Series, options: dict[str, Any]) -> pd.Series:
    zoned = bool(values.str.contains(ZONE).any())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about formats that cannot be inferred: we look ourselves
        times = pd.to_datetime(values, errors="coerce", utc=zoned, **options)
    return _without_zone(times)


def _without_zone(times: pd.Series) -> pd.Series:
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.astype("datetime64[ns]")


def time_parts(names: Sequence[str]) -> dict[str, str]:
    """Columns that together make a date, part → column: year, month, day, hour …; or nothing."""
    by_part: dict[str, str] = {}
    for name in names:
        part = _SYNONYMS.get(name.strip().lower(), name.strip().lower())
        if part in _PARTS:
            by_part.setdefault(part, name)
    if "year" not in by_part or "month" not in by_part:
        return {}
    return {part: by_part[part] for part in _PARTS if part in by_part}


def join_times(frame: pd.DataFrame, parts: dict[str, str], origin: str) -> pd.Series:
    """One datetime (ns) a row from columns of year, month, day …; without a day, the first."""
    numbers = pd.DataFrame(
        {part: pd.to_numeric(frame[column], errors="coerce") for part, column in parts.items()}
    )
    if "day" not in numbers:
        numbers["day"] = 1
    joined = pd.to_datetime(numbers, errors="coerce")
    if joined.isna().any():
        row = int(joined.isna().to_numpy().argmax())
        given = "-".join(str(frame[column].iloc[row]) for column in parts.values())
        raise UserError(
            f'"{origin}" columns {", ".join(parts.values())} row {row + 1}:'
            f' "{given}" is not a date',
            "expected whole numbers such as 2010, 1, 31",
        )
    return joined.astype("datetime64[ns]")
