"""How far apart a series' steps are: inferred from its dates, and what it suggests.

A frequency maps dates to whole positions on a grid and back, so that gaps become missing values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError

Moments = NDArray[np.datetime64]
Positions = NDArray[np.int64]

SECOND = 10**9  # nanoseconds
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
MONTH_END = 31
# A series with more steps off its grid than this has no frequency to speak of.
TOLERATED = 0.1
FINEST = 12  # the usual gap is at most this many steps


@dataclass(frozen=True)
class Frequency:
    """One step, as a fixed time, a number of months, a working day, or just a step.

    size   fixed: nanoseconds; months: months
    phase  fixed: nanoseconds past a multiple of the size; months: months past one; steps: the
           number of the first
    day    months: the day of the month, 31: the last
    """

    kind: Literal["fixed", "months", "weekdays", "steps"] = "steps"
    size: int = 1
    phase: int = 0
    day: int = 1

    def positions(self, moments: NDArray[np.generic]) -> tuple[Positions, NDArray[np.bool_]]:
        """The nearest position of each moment, and whether it lies exactly there."""
        if self.kind == "steps":
            steps = moments.astype(np.int64) - self.phase
            return steps, np.ones(len(steps), dtype=bool)
        if self.kind == "fixed":
            past = moments.astype("datetime64[ns]").astype(np.int64) - self.phase
            return (past + self.size // 2) // self.size, past % self.size == 0
        if self.kind == "weekdays":
            days = moments.astype("datetime64[D]")
            return np.busday_count("1970-01-01", days), np.is_busday(days)
        months = moments.astype("datetime64[M]").astype(np.int64) - self.phase
        return (months + self.size // 2) // self.size, months % self.size == 0

    def moments(self, positions: Positions) -> NDArray[np.generic]:
        """The date (or the step's number) of each position."""
        if self.kind == "steps":
            return positions + self.phase
        if self.kind == "fixed":
            return (positions * self.size + self.phase).astype("datetime64[ns]")
        if self.kind == "weekdays":
            return np.busday_offset("1970-01-01", positions, roll="forward").astype(
                "datetime64[ns]"
            )
        months = (positions * self.size + self.phase).astype("datetime64[M]")
        last = (months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
        day = months.astype("datetime64[D]") + np.timedelta64(self.day - 1, "D")
        return np.minimum(day, last).astype("datetime64[ns]")

    @property
    def dated(self) -> bool:
        """Whether there are dates at all."""
        return self.kind != "steps"

    @property
    def days(self) -> float:
        """The usual length of a step in days."""
        match self.kind:
            case "fixed":
                return self.size / DAY
            case "months":
                return 30.44 * self.size
        return 7 / 5

    def __str__(self) -> str:
        if self.kind == "steps":
            return "1 step"
        if self.kind == "weekdays":
            return "1 working day"
        if self.kind == "months":
            named = {1: "1 month", 3: "1 quarter", 12: "1 year"}
            return named.get(self.size, f"{self.size} months")
        units = {"week": 7 * DAY, "day": DAY, "hour": HOUR, "minute": MINUTE, "second": SECOND}
        for name, unit in units.items():
            if self.size % unit == 0:
                count = self.size // unit
                return f"{count} {name}{'s' if count > 1 else ''}"
        return f"{self.size / SECOND:g} seconds"

    def season(self) -> int:
        """Steps in the shortest cycle that people's data usually have; 1: none."""
        if self.kind == "weekdays":
            return 5
        if self.kind == "months":
            return max(1, 12 // self.size)
        if self.kind == "steps" or self.size > 7 * DAY:
            return 1
        if self.size == 7 * DAY:
            return 52
        if self.size >= DAY:
            return 7 if self.size == DAY else 1
        # 288 steps of five minutes are still a day; of finer steps, the hour or the minute.
        cycles = (cycle // self.size for cycle in (DAY, HOUR, MINUTE, SECOND))
        return max(1, next(steps for steps in cycles if steps <= 288))

    def horizon(self, season: int) -> int:
        """How far people usually look ahead: a day of hours, four weeks of days, a quarter."""
        if self.kind == "months":
            return {1: 12, 3: 4}.get(self.size, 6)
        if self.kind == "weekdays":
            return 20
        if self.kind == "fixed" and self.size >= DAY:
            return 28 if self.size == DAY else 13
        return season if season > 1 else 12

    def lookback(self, season: int, horizon: int) -> int:
        """Several seasons, and several times the horizon, in whole seasons."""
        if self.kind == "months" or (self.kind == "fixed" and self.size >= 7 * DAY):
            seasons = 2 if season > 12 else 4  # years are scarce
        else:
            seasons = min(max(336 // season, 2), 14)
        steps = max(seasons * season, round(3.5 * horizon))
        return -(-steps // season) * season


def infer(moments: Moments, series: Positions, origin: str) -> Frequency:
    """The frequency of dates in order within each series (numbers, so that equal ones adjoin)."""
    stamps = moments.astype("datetime64[ns]").astype(np.int64)
    gaps = np.diff(stamps)[np.diff(series) == 0]
    if len(gaps) == 0:
        raise UserError(
            f'"{origin}": no series has two dates',
            "expected several dates for each series: is the series column the right one?",
        )
    calendar = _months(moments, gaps)
    if calendar is not None:
        return calendar
    sizes, counts = np.unique(gaps, return_counts=True)
    size = int(sizes[counts.argmax()])
    if (gaps % size != 0).mean() > TOLERATED:  # the usual gap may be several steps
        finer = int(np.gcd.reduce(sizes[counts >= 0.02 * len(gaps)], initial=size))
        size = finer if size <= FINEST * finer else size  # else: no common step, just noise
    if size == DAY and len(gaps) >= 10 and np.is_busday(moments.astype("datetime64[D]")).all():
        return Frequency("weekdays")
    phases, counts = np.unique(stamps % size, return_counts=True)
    return Frequency("fixed", size, int(phases[counts.argmax()]))


def _months(moments: Moments, gaps: Positions) -> Frequency | None:
    """Months, quarters or years, whose steps differ in days: one day of the month, or nearly."""
    if gaps.min() < 28 * DAY:
        return None
    dates = moments.astype("datetime64[D]")
    first = dates.astype("datetime64[M]")
    day = (dates - first.astype("datetime64[D]")).astype(np.int64) + 1
    is_last = bool(((dates + 1).astype("datetime64[M]") != first).all())
    days = gaps / DAY
    for size, low, high in ((1, 28, 31), (3, 90, 92), (12, 365, 366)):
        usual = (days >= low) & (days <= high)
        varied = len(np.unique(gaps[usual])) > 1  # always 28 days is four weeks, not a month
        if usual.mean() >= 0.5 and (varied or is_last or (day == day[0]).all()):
            phases, counts = np.unique(first.astype(np.int64) % size, return_counts=True)
            usual_day = MONTH_END if is_last else int(np.bincount(day).argmax())
            return Frequency("months", size, int(phases[counts.argmax()]), usual_day)
    return None
