"""Numbers that are moments: 202001, 20200131, counts since 1970, days of a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.moments.formats import DAY, SECOND, Format, Stamps, days_of
from seqlab.data.moments.patterns import COMPACT

LEAST_YEAR, MOST_YEAR = 1500, 2200
_SHEET_EPOCH = -25_569  # days from 1970 to day 0 of a spreadsheet, 1899-12-30
_SHEET_DAYS = (20_000, 60_000)  # 1954 to 2064
_NEAR_MONTHS = 0.02  # of a month: 1949.083 is a year and a month


@dataclass(frozen=True)
class Unit:
    """A count of one unit since an epoch: its bounds where it is told by size, and both ways."""

    words: str
    low: float
    high: float
    read: Callable[[NDArray[Any]], Stamps]
    write: Callable[[Stamps, bool], NDArray[Any]]


def _since_1970(words: str, low: float, micros: float) -> Unit:
    """A unit of so many microseconds."""

    def read(values: NDArray[Any]) -> Stamps:
        if micros < 1:
            return np.asarray(np.round(values * micros) if values.dtype.kind == "f" else
                              values // round(1 / micros)).astype(np.int64)  # fmt: skip
        if values.dtype.kind == "f":
            return np.asarray(np.round(values * micros)).astype(np.int64)
        return np.asarray(values * int(micros), dtype=np.int64)

    def write(stamps: Stamps, whole: bool) -> NDArray[Any]:
        if not whole:
            return stamps / micros
        if micros < 1:
            return stamps * round(1 / micros)
        return np.asarray((stamps + int(micros) // 2) // int(micros))

    return Unit(words, low, 100 * low, read, write)


def _read_sheet(values: NDArray[Any]) -> Stamps:
    # A day's fraction has 15 digits in a sheet, too few for microseconds.
    seconds = np.round((values + _SHEET_EPOCH) * (DAY / SECOND))
    return np.asarray(seconds * SECOND).astype(np.int64)


def _write_sheet(stamps: Stamps, whole: bool) -> NDArray[Any]:
    days = stamps / DAY - _SHEET_EPOCH
    return np.round(days).astype(np.int64) if whole else np.round(days, 10)


def _read_years(values: NDArray[Any]) -> Stamps:
    months = np.round(values * 12).astype(np.int64)
    return days_of(months // 12, months % 12 + 1) * DAY


def _write_years(stamps: Stamps, whole: bool) -> NDArray[Any]:
    months = (stamps // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.round(1970 + months / 12, 3)


UNITS = {
    "s": _since_1970("seconds since 1970", 1e8, SECOND),
    "ms": _since_1970("milliseconds since 1970", 1e11, SECOND / 10**3),
    "us": _since_1970("microseconds since 1970", 1e14, 1),
    "ns": _since_1970("nanoseconds since 1970", 1e17, 1e-3),
    "days": Unit("days of a spreadsheet", *_SHEET_DAYS, _read_sheet, _write_sheet),
    "years": Unit("years and months as fractions", LEAST_YEAR, MOST_YEAR, _read_years,
                  _write_years),
}  # fmt: skip


@dataclass(frozen=True)
class Numeral:
    """A format of digits, or a unit; `whole`: the column holds no fractions."""

    formats: tuple[Format, ...] = ()
    unit: str = ""
    whole: bool = True


def numeral_of(column: pd.Series) -> Numeral | None:
    """What numbers (none missing) under the name of a time are; None: they only count steps."""
    if column.empty or pd.api.types.is_bool_dtype(column.dtype):
        return None
    values = column.to_numpy("f8")
    if not np.isfinite(values).all():
        return None
    low, high, fractions = values.min(), values.max(), bool((values % 1 != 0).any())
    whole = pd.api.types.is_integer_dtype(column.dtype)
    if not fractions and (digits := _digits(column, low, high)) is not None:
        return Numeral((Format(digits),), whole=whole)
    if fractions and low >= LEAST_YEAR and high <= MOST_YEAR:
        months = values * 12
        near = np.abs(months - np.round(months)).max() <= _NEAR_MONTHS
        return Numeral(unit="years", whole=False) if near else None
    for name in ("s", "ms", "us", "ns"):
        if UNITS[name].low <= low and high < UNITS[name].high:
            return Numeral(unit=name, whole=whole)
    name = str(column.name or "").lower()
    dated = any(word in name for word in ("date", "day", "month", "datum", "serial"))
    if dated and low >= _SHEET_DAYS[0] and high <= _SHEET_DAYS[1]:
        return Numeral(unit="days", whole=not fractions and whole)
    return None


def _digits(column: pd.Series, low: float, high: float) -> str | None:
    """The format of whole numbers that are written as dates without separators."""
    length = len(str(int(low)))
    if len(str(int(high))) != length:
        return None
    years = 10.0 ** (length - 4)
    if low < LEAST_YEAR * years or high >= (MOST_YEAR + 1) * years:
        return None
    texts = [str(int(value)) for value in pd.unique(column)]
    patterns = list(COMPACT)
    if length == 5 and any(word in str(column.name).lower() for word in ("quarter", "qtr", "per")):
        patterns = ["%Y%q"]
    for pattern in patterns:
        form = Format(pattern)
        if form.regex.fullmatch(texts[0]) and form.read(texts)[1].all():
            return pattern
    return None
