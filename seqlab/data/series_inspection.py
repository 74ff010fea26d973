"""Times and values of series before any compute: order, steps, gaps, zones, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.findings import Finding
from seqlab.data.times import ZONE

_DAY = np.timedelta64(1, "D")


def zone_findings(column: pd.Series) -> list[Finding]:
    """Whether dates as written (strings) name different time zones, or only some name one."""
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(
        column.dtype
    ):
        return []
    values = column.dropna().astype("str").str.strip()
    zones = values.str.extract(rf"({ZONE})")[0].str.extract(r"([+-]\d{2}:?\d{2}|Z)$")[0]
    named = zones.notna().to_numpy()
    if not named.any():
        return []
    if not named.all():
        row = int((~named).argmax())
        return [
            Finding(
                "error",
                f'column "{column.name}": some dates name a time zone, others do not',
                f'{int((~named).sum()):,} do not; row {row + 1} is "{values.iloc[row]}"',
                "write all of them with a zone, or none",
            )
        ]
    offsets = sorted(zones.str.replace("Z", "+00:00").str.replace(":", "").unique())
    if len(offsets) == 1:
        return []
    return [
        Finding(
            "info",
            f'column "{column.name}": dates in {len(offsets)} time zones',
            "offsets " + ", ".join(offsets[:6]),
            "all are converted to UTC: hours of the day shift where summer time begins and ends",
        )
    ]


def time_findings(
    times: pd.Series | NDArray[np.datetime64], series: Sequence[Any] | None = None
) -> list[Finding]:
    """Order, repeats, steps and gaps of the rows' times, each series by itself."""
    moments = np.asarray(times, dtype="datetime64[ns]")
    ids = np.zeros(len(moments), int) if series is None else pd.factorize(np.asarray(series))[0]
    rows = np.argsort(ids, kind="stable")
    same = np.diff(ids[rows]) == 0
    later = rows[1:][same]  # each row that follows another of its series
    spans = np.diff(moments[rows])[same]
    disorder = _disorder(moments, ids, spans, later)
    if disorder or not len(spans):
        return disorder
    places, unit = _calendar(moments, spans)
    steps = np.diff(places[rows])[same]
    values, counts = np.unique(steps, return_counts=True)
    usual = int(values[counts.argmax()])
    whole = steps % usual == 0
    findings = [Finding("info", f"the step is {_span(usual, unit)}")]
    findings += _gaps(moments, later, np.where(whole, steps, usual), usual, unit)
    if not whole.all():
        odd = int((~whole).argmax())
        findings.append(
            Finding(
                "warning",
                f"irregular steps: {int((~whole).sum()):,}",
                f"the first is {_span(int(steps[odd]), unit)} before row {later[odd] + 1}"
                f" ({_moment(moments[later[odd]])})",
                "bring the series to equal steps, for instance by resampling",
            )
        )
    return findings


def _gaps(
    moments: NDArray[np.datetime64],
    later: NDArray[np.int64],
    steps: NDArray[np.int64],
    usual: int,
    unit: str,
) -> list[Finding]:
    gaps = np.flatnonzero(steps > usual)
    if not len(gaps):
        return []
    missing = int((steps[gaps] // usual - 1).sum())
    longest = gaps[steps[gaps].argmax()]
    return [
        Finding(
            "warning",
            f"moments missing: {missing:,} in {len(gaps):,} gaps",
            f"the longest, {_span(int(steps[longest]), unit)}, ends at"
            f" {_moment(moments[later[longest]])} (row {later[longest] + 1})",
            "they are taken as missing values; fill them in if you know better",
        )
    ]


def value_findings(frame: pd.DataFrame, columns: Sequence[str]) -> list[Finding]:
    """Missing, infinite and constant values of columns of numbers."""
    findings = []
    for name in columns:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy("f8")
        missing, infinite = np.isnan(values), np.isinf(values)
        if infinite.any():
            findings.append(
                Finding(
                    "error",
                    f'column "{name}": infinite values: {int(infinite.sum()):,}',
                    f"the first is in row {int(infinite.argmax()) + 1}",
                    "correct them, or leave the cells empty where the value is not known",
                )
            )
        elif missing.all():
            findings.append(
                Finding("error", f'column "{name}" is empty', advice="leave the column out")
            )
        elif np.ptp(values[~missing]) == 0 and len(values) > 1:
            findings.append(
                Finding(
                    "warning",
                    f'column "{name}" is always {values[~missing][0]:g}',
                    advice="leave it out: there is nothing to predict in it",
                )
            )
        if missing.any() and not missing.all():
            findings.append(
                Finding(
                    "warning" if missing.mean() > 0.2 else "info",
                    f'column "{name}": {missing.mean():.1%} of the values are missing',
                    f"{int(missing.sum()):,} of {len(values):,},"
                    f" the first in row {int(missing.argmax()) + 1}",
                    "missing values are filled for the input and not scored",
                )
            )
    return findings


def _disorder(
    moments: NDArray[np.datetime64],
    ids: NDArray[np.int64],
    steps: NDArray[np.timedelta64],
    later: NDArray[np.int64],
) -> list[Finding]:
    findings = []
    backwards = later[steps < np.timedelta64(0)]
    if len(backwards):
        row = int(backwards.min())
        findings.append(
            Finding(
                "error",
                f"dates that run backwards: {len(backwards):,}",
                f"row {row + 1} ({_moment(moments[row])}) comes after a later one",
                "sort the rows by date; if there are several series, name the column of their ids",
            )
        )
    repeated = pd.DataFrame({"id": ids, "time": moments}).duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        findings.append(
            Finding(
                "error",
                f"dates that repeat: {int(repeated.sum()):,}",
                f"row {row + 1} ({_moment(moments[row])}) is there already",
                "keep one row a date; if there are several series, name the column of their ids",
            )
        )
    return findings


def _calendar(
    moments: NDArray[np.datetime64], spans: NDArray[np.timedelta64]
) -> tuple[NDArray[np.int64], str]:
    """Moments as whole numbers of the unit in which they are regular: months differ in days."""
    dates = pd.DatetimeIndex(moments)
    if spans.min() >= 28 * _DAY and ((dates.day == dates.day[0]).all() or dates.is_month_end.all()):
        return np.asarray(dates.year * 12 + dates.month, dtype=np.int64), "month"
    at_midnight = (dates == dates.normalize()).all()
    if at_midnight and (dates.dayofweek < 5).all() and np.median(spans) == _DAY:
        days = np.busday_count(np.datetime64("1970-01-01"), moments.astype("datetime64[D]"))
        return days.astype(np.int64), "working day"
    return moments.astype(np.int64), "nanosecond"


def _span(count: int, unit: str) -> str:
    """So many units in the largest unit that is whole."""
    larger = {
        "month": (("year", 12), ("quarter", 3)),
        "nanosecond": tuple(
            (name, seconds * 10**9)
            for name, seconds in (
                ("week", 604800),
                ("day", 86400),
                ("hour", 3600),
                ("minute", 60),
                ("second", 1),
            )
        ),
    }
    for name, size in larger.get(unit, ()):
        if count >= size and count % size == 0:
            count, unit = count // size, name
            break
    return f"{count:,} {unit}" + ("" if count == 1 else "s")


def _moment(moment: np.datetime64) -> str:
    """A moment without the parts that say nothing."""
    return str(pd.Timestamp(moment)).removesuffix(" 00:00:00")
