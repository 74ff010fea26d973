"""How far apart a series' steps are: inferred from its dates, and what it suggests.

A frequency maps dates to whole positions on a grid and back, so that gaps become missing values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError

Moments = NDArray[np.datetime64]
Positions = NDArray[np.int64]

SECOND = 10**6  # microseconds
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
MONTH_END = 31
# A series with more steps off its grid than this has no frequency to speak of.
TOLERATED_SHARE = 0.1
MOST_STEPS_A_GAP = 12  # the usual gap is at most this many steps
OPEN_HOURS_SHARE = 0.7  # share of the steps of open hours that must be there
FEWEST_OPEN_DAYS = 5
JITTER_STEPS = 0.05  # of a step: by how much clocks may be late or early
FEWEST_DATES = 6  # of third Fridays; fewer may lie four weeks apart by chance
ORDINALS = ("first", "second", "third", "fourth")
WORKING = "1111100"  # Monday to Friday, one digit a day as numpy has it
WORKING_WEEKS = (WORKING, "1111001", "1111110", "1101111")  # to Thursday, to Saturday, from Sunday


@dataclass(frozen=True)
class Frequency:
    """One step, as a fixed time, a number of months, a day of the working week, or just a step.

    size    fixed and hours: microseconds; months: months
    phase   fixed: microseconds past a multiple of the size; months: months past one; steps: the
            number of the first
    day     months: the day of the month, 31: the last; halves: the first of the two days
    second  halves: the second of the two days of each month, 31: the last
    roll    months: where the day is free, it is the working day before (`back`) or after
            (`forward`); "": it stays
    week    the days of the week that are worked, Monday first; months: one alone, from the 15th
            forward, makes third Fridays
    clock   months, halves, weekdays: microseconds past midnight; hours: of a day's first step
    slots   hours: the steps of a day, whose nights are no steps
    jitter  fixed: microseconds by which a moment may lie beside its step
    """

    kind: Literal["fixed", "months", "halves", "weekdays", "hours", "steps"] = "steps"
    size: int = 1
    phase: int = 0
    day: int = 1
    roll: Literal["", "back", "forward"] = ""
    week: str = WORKING
    clock: int = 0
    slots: int = 1
    jitter: int = 0
    second: int = 15

    def positions(self, moments: NDArray[np.generic]) -> tuple[Positions, NDArray[np.bool_]]:
        """The nearest position of each moment, and whether it lies there."""
        if self.kind == "steps":
            steps = moments.astype(np.int64) - self.phase
            return steps, np.ones(len(steps), dtype=bool)
        stamps = moments.astype("datetime64[us]").astype(np.int64)
        if self.kind == "fixed":
            positions = (stamps - self.phase + self.size // 2) // self.size
            away = np.abs(stamps - self.phase - positions * self.size)
            return positions, away <= self.jitter
        if self.kind in ("weekdays", "hours"):
            days = (stamps // DAY).astype("datetime64[D]")
            positions = np.busday_count("1970-01-01", days, weekmask=self.week)
            exact = np.is_busday(days, weekmask=self.week)
            if self.kind == "weekdays":
                return positions, exact
            within = stamps % DAY - self.clock
            slot = np.clip((within + self.size // 2) // self.size, 0, self.slots - 1)
            return positions * self.slots + slot, exact & (within == slot * self.size)
        if self.kind == "halves":
            days = (stamps // DAY).astype("datetime64[D]")
            month = days.astype("datetime64[M]")
            passed = [days >= self._in_month(month, day) for day in (self.day, self.second)]
            positions = 2 * month.astype(np.int64) + passed[0] + passed[1] - 1
            return positions, self._half(positions) == days
        months = moments.astype("datetime64[M]").astype(np.int64) - self.phase
        return (months + self.size // 2) // self.size, months % self.size == 0

    def moments(self, positions: Positions) -> NDArray[np.generic]:
        """The date (or the step's number) of each position."""
        if self.kind == "steps":
            return positions + self.phase
        if self.kind == "fixed":
            return (positions * self.size + self.phase).astype("datetime64[us]")
        slot = 0 * positions
        if self.kind == "hours":
            positions, slot = np.divmod(positions, self.slots)
        if self.kind == "months":
            days = self._days((positions * self.size + self.phase).astype("datetime64[M]"))
        elif self.kind == "halves":
            days = self._half(positions)
        else:
            days = np.busday_offset("1970-01-01", positions, roll="forward", weekmask=self.week)
        clocks = (self.clock + slot * self.size).astype("timedelta64[us]")
        return np.asarray(days.astype("datetime64[us]") + clocks)

    def _days(self, months: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
        """The day of each month."""
        days = self._in_month(months, self.day)
        if not self.roll:
            return days
        roll: Literal["backward", "forward"] = "backward" if self.roll == "back" else "forward"
        return np.busday_offset(days, 0, roll=roll, weekmask=self.week)

    def _half(self, positions: Positions) -> NDArray[np.datetime64]:
        """The day of each half of a month."""
        months, second = np.divmod(positions, 2)
        first, later = (
            self._in_month(months.astype("datetime64[M]"), day) for day in (self.day, self.second)
        )
        return np.where(second == 1, later, first)

    @staticmethod
    def _in_month(months: NDArray[np.datetime64], day: int) -> NDArray[np.datetime64]:
        """A day of each month, the last where the month is shorter."""
        last = (months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
        return np.minimum(months.astype("datetime64[D]") + np.timedelta64(day - 1, "D"), last)

    def beside(self, stamps: Positions) -> Frequency:
        """The same steps where new data lie beside them, half an hour later, say."""
        if self.kind != "fixed" or not len(stamps):
            return self
        if self.jitter:
            return replace(self, phase=_roundest(stamps, self.size) % self.size)
        phases, counts = np.unique(stamps % self.size, return_counts=True)
        return replace(self, phase=int(phases[counts.argmax()]))

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
            case "halves":
                return 30.44 / 2
        return 7 / (self.week.count("1") * self.slots)

    def __str__(self) -> str:
        if self.kind == "steps":
            return "1 step"
        if self.kind == "weekdays":
            return "1 working day"
        if self.kind == "halves":
            return "half a month"
        if self.kind == "months":
            named = {1: "1 month", 3: "1 quarter", 12: "1 year"}
            return named.get(self.size, f"{self.size} months")
        units = {"week": 7 * DAY, "day": DAY, "hour": HOUR, "minute": MINUTE, "second": SECOND}
        for name, unit in units.items():
            if self.size % unit == 0:
                count = self.size // unit
                return f"{count} {name}{'s' if count > 1 else ''}"
        return f"{self.size / SECOND:g} seconds"

    @property
    def calendar(self) -> str:
        """What else a user should know of the steps, in words; nothing where they are plain."""
        if self.jitter:
            return "moments a little late or early are rounded to the step"
        if self.kind == "weekdays":
            return _days_of(self.week)
        if self.kind == "hours":
            ends = (self.clock, self.clock + (self.slots - 1) * self.size)
            hours = " to ".join(str(np.datetime64(end, "us"))[11:16] for end in ends)
            return f"{hours} on {_days_of(self.week)}"
        if self.kind == "halves":
            second = "the last" if self.second == MONTH_END else f"day {self.second}"
            return f"on day {self.day} and {second} of each month"
        if self.kind != "months":
            return ""
        if self.roll:
            which = "last" if self.roll == "back" else ORDINALS[self.day // 7]
            alone = self.week.count("1") == 1
            return f"each on its {which} {_days_of(self.week) if alone else 'working day'}"
        return "each on its last day" if self.day == MONTH_END else ""

    def season(self) -> int:
        """Steps in the shortest cycle that people's data usually have; 1: none."""
        if self.kind == "weekdays":
            return self.week.count("1")
        if self.kind == "hours":
            return self.slots
        if self.kind == "months":
            return max(1, 12 // self.size)
        if self.kind == "halves":
            return 24
        if self.kind == "steps" or self.size > 7 * DAY:
            return 1
        if self.size == 7 * DAY:
            return 52
        if self.size >= DAY:
            return 7 if self.size == DAY else 1
        # 288 steps of five minutes are still a day; of finer steps, the hour or the minute.
        cycles_within = (cycle // self.size for cycle in (DAY, HOUR, MINUTE, SECOND))
        return max(1, next(steps for steps in cycles_within if steps <= 288))

    def horizon(self, season: int) -> int:
        """How far people usually look ahead: a day of hours, four weeks of days, a quarter."""
        if self.kind == "months":
            return {1: 12, 3: 4}.get(self.size, 6)
        if self.kind == "halves":
            return 12
        if self.kind == "weekdays":
            return 4 * self.week.count("1")
        if self.kind == "fixed" and self.size >= DAY:
            return 28 if self.size == DAY else 13
        return season if season > 1 else 12

    def lookback(self, season: int, horizon: int) -> int:
        """Several seasons, and several times the horizon, in whole seasons."""
        if self.kind in ("months", "halves") or (self.kind == "fixed" and self.size >= 7 * DAY):
            seasons = 2 if season > 12 else 4  # years are scarce
        else:
            seasons = min(max(336 // season, 2), 14)
        steps = max(seasons * season, round(3.5 * horizon))
        return -(-steps // season) * season


def _days_of(week: str) -> str:
    """The days of a week that are worked: Monday to Friday, or one by one."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return ", ".join(name for name, worked in zip(names, week, strict=True) if worked == "1")


def _one_day(dates: Moments) -> list[str]:
    """The week of which only the day is worked that all dates have; none if they have several."""
    days = np.unique((dates.astype(np.int64) + 3) % 7)  # 1970-01-01 was a Thursday
    return ["".join("1" if day == days[0] else "0" for day in range(7))] if len(days) == 1 else []


def infer(moments: Moments, series: Positions, origin: str) -> Frequency:
    """The frequency of dates in order within each series (numbers, so that equal ones adjoin)."""
    stamps = moments.astype("datetime64[us]").astype(np.int64)
    same = np.diff(series) == 0
    gaps = np.diff(stamps)[same]
    if len(gaps) == 0:
        raise UserError(
            f'"{origin}": no series has two dates',
            "expected several dates for each series: is the series column the right one?",
        )
    grid = _months(stamps, gaps, same) or _halves(stamps, gaps) or _weekdays(stamps, gaps, same)
    grid = grid or _open_hours(stamps, gaps)
    if grid is not None:
        return grid
    sizes, counts = np.unique(gaps, return_counts=True)
    size = int(sizes[counts.argmax()])
    if (gaps % size != 0).mean() > TOLERATED_SHARE:  # the usual gap may be several steps
        finer = int(np.gcd.reduce(sizes[counts >= 0.02 * len(gaps)], initial=size))
        size = (
            finer if size <= MOST_STEPS_A_GAP * finer else size
        )  # else: no common step, just noise
    phases, counts = np.unique(stamps % size, return_counts=True)
    if counts.max() < (1 - TOLERATED_SHARE) * len(stamps):
        grid = _jittered(stamps, gaps)
    return grid or Frequency("fixed", size, int(phases[counts.argmax()]))


def _clock_of(stamps: Positions) -> int:
    """The usual time of day, microseconds past midnight."""
    clocks, counts = np.unique(stamps % DAY, return_counts=True)
    return int(clocks[counts.argmax()])


def _weekdays(stamps: Positions, gaps: Positions, same: NDArray[np.bool_]) -> Frequency | None:
    """Some days of every week: Monday to Friday, Sunday to Thursday, each Monday and Thursday."""
    if len(gaps) < 10 or (gaps % DAY != 0).any():
        return None
    days = (stamps // DAY).astype("datetime64[D]")
    worked = np.unique((stamps // DAY + 3) % 7)  # 1970-01-01 was a Thursday
    if not 2 <= len(worked) <= 6:
        return None
    week = "".join("1" if day in worked else "0" for day in range(7))
    steps = np.diff(np.busday_count("1970-01-01", days, weekmask=week))[same]
    sizes, counts = np.unique(gaps, return_counts=True)
    daily = sizes[counts.argmax()] == DAY
    # Holidays are gaps; but days that come by chance have no week.
    if (steps == 1).mean() < (0.5 if daily else 0.9):
        return None
    return Frequency("weekdays", week=week, clock=_clock_of(stamps))


def _open_hours(stamps: Positions, gaps: Positions) -> Frequency | None:
    """Steps from the first to the last hour of some days: of a market, of a week without its end.

    Most of them are there, and nights or days between them are not.
    """
    sizes, counts = np.unique(gaps, return_counts=True)
    size = int(sizes[counts.argmax()])
    days = np.unique(stamps // DAY)
    clocks = np.unique(stamps % DAY)
    if size >= DAY or len(days) < FEWEST_OPEN_DAYS or ((clocks - clocks[0]) % size).any():
        return None
    slots = int(clocks[-1] - clocks[0]) // size + 1
    worked = np.unique((days + 3) % 7)
    skipped = (np.diff(days) > 1).any()  # where no day was, nobody knows of days off
    week = "".join("1" if day in worked or not skipped else "0" for day in range(7))
    first, last = (days[[0, -1]] + [0, 1]).astype("datetime64[D]")
    every = (stamps.max() - stamps.min()) / size + 1
    open_ = int(np.busday_count(first, last, weekmask=week)) * slots
    there = len(np.unique(stamps))
    if there < OPEN_HOURS_SHARE * open_ or open_ > (1 - TOLERATED_SHARE) * every:
        return None
    return Frequency("hours", size, week=week, clock=int(clocks[0]), slots=slots)


def _jittered(stamps: Positions, gaps: Positions) -> Frequency | None:
    """A step from which clocks are a little late or early; None where they are more than that."""
    size = _round_within(float(np.median(gaps)) * (1 - JITTER_STEPS / 4),
                         float(np.median(gaps)) * (1 + JITTER_STEPS / 4))  # fmt: skip
    phase = _roundest(stamps, size)
    away = np.abs((stamps - phase + size // 2) % size - size // 2)
    if (away <= JITTER_STEPS * size).mean() < 1 - TOLERATED_SHARE:
        return None
    return Frequency("fixed", size, phase % size, jitter=int(JITTER_STEPS * size))


def _roundest(stamps: Positions, size: int) -> int:
    """The roundest moment among those of a step: where clocks mean to be that are late or early."""
    away = (stamps - stamps[0] + size // 2) % size - size // 2
    near = away[np.abs(away - np.median(away)) <= JITTER_STEPS * size]
    near = near if len(near) else away
    return _round_within(float(stamps[0] + near.min()), float(stamps[0] + near.max()))


def _round_within(low: float, high: float) -> int:
    """The multiple of the largest unit that lies between two numbers of microseconds."""
    middle = (low + high) / 2
    for unit in (7 * DAY, DAY, HOUR, 30 * MINUTE, 15 * MINUTE, 10 * MINUTE, 5 * MINUTE, MINUTE,
                 10 * SECOND, SECOND, 10**5, 10**4, 1000, 100, 10):  # fmt: skip
        nearest = round(middle / unit) * unit
        if low <= nearest <= high and nearest:
            return int(nearest)
    return round(middle)


def _months(stamps: Positions, gaps: Positions, same: NDArray[np.bool_]) -> Frequency | None:
    """Months, quarters or years, whose steps differ in days: one day of the month, or nearly."""
    dates = (stamps // DAY).astype("datetime64[D]")
    first = dates.astype("datetime64[M]")
    months = np.asarray(first.astype(np.int64))
    steps = np.diff(months)[same]
    if steps.min() < 1 or gaps.min() < 26 * DAY:
        return None
    sizes, counts = np.unique(steps, return_counts=True)
    size = int(sizes[counts.argmax()])
    if (steps % size != 0).mean() > TOLERATED_SHARE:
        size = int(np.gcd.reduce(sizes[counts >= 0.02 * len(steps)], initial=size))
    phases, counts = np.unique(months % size, return_counts=True)
    frequency = Frequency("months", size, int(phases[counts.argmax()]), clock=_clock_of(stamps))
    on_days = _on_days(frequency, dates, first)
    if on_days is not None:
        return on_days
    usual = (gaps >= 28 * size * DAY) & (gaps <= 31 * size * DAY)
    if usual.mean() < 0.5 or len(np.unique(gaps[usual])) == 1:  # 28 days are four weeks, no month
        return None
    return replace(frequency, day=_day_of(dates, first))


def _halves(stamps: Positions, gaps: Positions) -> Frequency | None:
    """Two days of each month, as of pay days: the 1st and the 15th, the 15th and the last."""
    if len(stamps) < FEWEST_DATES or gaps.min() < 10 * DAY or np.median(gaps) > 20 * DAY:
        return None
    dates = (stamps // DAY).astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    day = (dates - month.astype("datetime64[D]")).astype(np.int64) + 1
    is_last = (dates + 1).astype("datetime64[M]") > month
    first = int(np.bincount(day[day < 16], minlength=2).argmax())
    later = day[(day >= 15) & (day != first)]
    if not len(later):
        return None
    ends = is_last[(day >= 15) & (day != first)].all()
    second = MONTH_END if ends else int(np.bincount(later).argmax())
    grid = Frequency("halves", day=first, second=second, clock=_clock_of(stamps))
    return (
        grid
        if grid.positions(stamps.astype("datetime64[us]"))[1].mean() >= 1 - TOLERATED_SHARE
        else None
    )


def _day_of(dates: Moments, first: Moments) -> int:
    """The usual day of the month."""
    return int(np.bincount((dates - first.astype("datetime64[D]")).astype(np.int64)).argmax()) + 1


def _on_days(frequency: Frequency, dates: Moments, first: Moments) -> Frequency | None:
    """The frequency with the rule that gives the days of the month, the plainest that fits."""
    day = _day_of(dates, first)
    latest = int((dates - first.astype("datetime64[D]")).astype(np.int64).max()) + 1
    weeks = [week for week in WORKING_WEEKS if np.is_busday(dates, weekmask=week).all()]
    plain = [replace(frequency, day=rule) for rule in (MONTH_END, day, latest)]
    rolled = [
        rule
        for week in weeks
        for rule in (
            replace(frequency, day=MONTH_END, roll="back", week=week),
            replace(frequency, day=1, roll="forward", week=week),
        )
    ]
    for week in _one_day(dates) if len(dates) >= FEWEST_DATES else []:
        begins = [replace(frequency, day=7 * n + 1, roll="forward", week=week) for n in range(4)]
        rolled += [*begins, replace(frequency, day=MONTH_END, roll="back", week=week)]
    for rules, share in ((plain, 1.0), (rolled, 1.0), (rolled + plain, 1 - TOLERATED_SHARE)):
        for rule in rules:
            if (rule._days(first) == dates).mean() >= share:
                return rule
    return None


Array = NDArray[np.float32]
# A cycle is read only where the training part holds it at least twice: a model that has seen one
# January cannot know what January does.
CYCLES = {"day": 1.0, "week": 7.0, "year": 365.25}  # their lengths in days


def cycles_within(frequency: Frequency, steps: int) -> tuple[str, ...]:
    """The cycles that this many steps hold twice and that are longer than a step."""
    if not frequency.dated:
        return ()
    step = frequency.days
    return tuple(
        name for name, days in CYCLES.items() if 2 * step <= days and steps * step >= 2 * days
    )


def calendar_features(moments: NDArray[np.generic], chosen: tuple[str, ...]) -> Array:
    """Sine and cosine of each cycle: (rows,) → (rows, 2 · cycles)."""
    if not chosen:
        return np.zeros((len(moments), 0), dtype=np.float32)
    stamps = moments.astype("datetime64[us]")
    days = stamps.astype(np.int64) / DAY
    year = stamps.astype("datetime64[Y]")
    in_year = (stamps - year.astype("datetime64[us]")).astype(np.int64) / DAY
    place = {"day": days % 1, "week": (days + 3) % 7 / 7, "year": in_year / 366}
    angles = 2 * np.pi * np.stack([place[c] for c in chosen], axis=1)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)
