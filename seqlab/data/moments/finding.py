"""Which columns hold the moments of a table's rows: one, or several that are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.columns import (
    ColumnKind,
    describe,
    find,
    named,
    normalised,
    numeric_names,
)
from seqlab.data.moments.formats import FIRST_SHORT_YEAR, Format
from seqlab.data.moments.forms import TimeForm, as_texts, learn
from seqlab.data.moments.months import month_of
from seqlab.data.moments.patterns import is_clock, is_time_of_day
from seqlab.data.moments.zones import Zone, divided, is_known
from seqlab.errors import UserError

EXPECTED = "expected dates such as 2016-07-01 or 2016-07-01 13:00:00, written alike in every row"
JOIN = "+"  # several columns in one role: time=Date+Time
# What the columns of a moment in parts are called.
_PARTS = {
    "year": "year yr yyyy yy jahr",
    "month": "month mon mo mm month_name monat",
    "week": "week isoweek iso_week week_number weekno week_no week_of_year weekofyear kw woche",
    "quarter": "quarter qtr quartal",
    "yearday": "day_of_year dayofyear doy yday",
    "day": "day date_of_month day_of_month dayofmonth dom dd dy da tag",
    "hour": "hour hr hh hour_of_day hod hour_ending hourending stunde",
    "minute": "minute min",
    "second": "second sec",
}
PARTS = {name: part for part, names in _PARTS.items() for name in names.split()}
# Columns whose digits may be a time of day: 1730 or 173000.
_CLOCKS = frozenset(("time", "hhmm", "hhmmss", "time_utc", "time_local", "uhrzeit", "zeit"))
_CLOCK = ("hour", "minute", "second")
_LARGEST_PART = {"quarter": 4, "month": 12, "week": 53, "yearday": 366, "day": 31, "hour": 24,
         "minute": 59, "second": 59}  # fmt: skip


@dataclass(frozen=True)
class Moments:
    """The columns that hold a table's moments, and the form that they are written in.

    roles  what each column gives: `date`, `time`, `clock4` (digits, 1730) and `clock6`, or a part
           of a date; () where there is one column
    """

    columns: tuple[str, ...]
    form: TimeForm
    roles: tuple[str, ...] = ()

    def read(self, frame: pd.DataFrame, origin: str) -> pd.Series:
        """The moment (datetime64[us]) of every row; errors name the first that has none."""
        column = joined(frame, self.columns, self.roles)
        stamps, valid = self.form.read(column)
        if not valid.all():
            if not self.roles:
                refuse_mixed_zones(column, f'"{origin}" column "{self.columns[0]}"')
            raise self._unreadable(frame, column, int((~valid).argmax()), origin)
        return pd.Series(stamps.view("M8[us]"), index=frame.index, name=column.name)

    def _unreadable(
        self, frame: pd.DataFrame, column: pd.Series, row: int, origin: str
    ) -> UserError:
        cells = [frame[name].iloc[row] for name in self.columns]
        if self.roles:
            where = f"columns {', '.join(self.columns)} row {row + 1}"
        else:
            where = f'column "{self.columns[0]}" row {row + 1}'
        if any(pd.isna(cell) for cell in cells):
            return UserError(f'"{origin}" {where}: the date is missing', EXPECTED)
        given = ("-" if "year" in self.roles else " ").join(map(str, cells))
        if _zoned(column, row) != bool(self.form.zone.name):
            which = ("no", "with") if self.form.zone.name else ("a", "without")
            return UserError(
                f'"{origin}" {where}: "{given}" has {which[0]} time zone, unlike the data before',
                f"write all moments {which[1]} a zone",
            )
        hint = EXPECTED
        if "year" in self.roles:
            hint = "expected whole numbers such as 2010, 1, 31"
        elif self.form.formats:
            example = self.form.write(np.array(["2016-07-01"], dtype="datetime64[us]"))[0]
            hint = f"expected dates such as {example} ({self.form.words()}), written alike"
        return UserError(f'"{origin}" {where}: "{given}" is not a date', hint)

    def write(self, moments: NDArray[np.generic]) -> Any:
        """Moments as the data have them."""
        return self.form.write(moments)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Moments:
        """What `dataclasses.asdict` made of one, and JSON of that."""
        form = dict(plain["form"])
        formats = tuple(_format(held) for held in form.pop("formats"))
        midnight = form.pop("midnight")
        zone = Zone(**form.pop("zone"))
        return cls(
            tuple(plain["columns"]),
            TimeForm(formats=formats, midnight=midnight and _format(midnight), zone=zone, **form),
            tuple(plain["roles"]),
        )


def _zoned(column: pd.Series, row: int) -> bool:
    """Whether a moment says its time zone."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.dt.tz is not None
    zone = divided([str(column.iloc[row]).strip()])[1][0]
    return bool(zone) and is_known(zone)


def _format(plain: Mapping[str, Any]) -> Format:
    return Format(plain["pattern"], tuple(plain["names"]))


@dataclass(frozen=True)
class FoundMoments:
    """The moments of a table: the time of every row, the columns, and how they were found."""

    moments: Moments
    times: pd.Series
    sentence: str = field(default="")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that hold them."""
        return self.moments.columns


def find_moments(
    frame: pd.DataFrame,
    *,
    given: str | None = None,
    origin: str = "the data",
    others: Sequence[pd.DataFrame] = (),
    day_first: bool | None = None,
    pattern: str | None = None,
) -> FoundMoments | None:
    """The moments of every row, from one column or several that are joined; None without.

    `others` are the study's further files: how moments are written is learned from all of them.
    """
    chosen = _chosen(frame, given, origin)
    if chosen is None:
        return None
    columns, roles, sentence = chosen
    frames = [frame, *(o for o in others if set(columns) <= set(map(str, o.columns)))]
    form = learn(
        [joined(each, columns, roles) for each in frames], day_first=day_first, pattern=pattern
    )
    moments = Moments(columns, form, roles)
    return FoundMoments(moments, moments.read(frame, origin), sentence)


Chosen = tuple[tuple[str, ...], tuple[str, ...], str]


def _chosen(frame: pd.DataFrame, given: str | None, origin: str) -> Chosen | None:
    """The columns, their roles where they are several, and how they were found."""
    if given is not None:
        names = [given] if given in frame.columns else given.split(JOIN)
        columns = [named(frame, name.strip(), origin) for name in names]
        if len(columns) == 1:
            return (columns[0],), (), ""
        parts = date_parts(frame[columns])
        if set(parts.values()) == set(columns):
            return tuple(parts.values()), tuple(parts), ""
        return tuple(columns), ("date", *["time"] * (len(columns) - 1)), ""
    parts = date_parts(frame)
    clock = _clock_column(frame)
    found = None
    if clock is not None:
        found = find(frame, "time", origin=origin, exclude=[*parts.values(), clock[1]])
    if found is None:  # a time of day without a day is none
        clock, found = None, find(frame, "time", origin=origin, exclude=[*parts.values()])
    if found is None:
        if not parts:
            return None
        listed = ", ".join(parts.values())
        return tuple(parts.values()), tuple(parts), f"time: columns {listed} joined"
    if clock is not None and _is_day(frame[found.column]):
        columns = [found.column, clock[1]]
        return (*columns,), ("date", clock[0]), f"time: columns {', '.join(columns)} joined"
    return (found.column,), (), found.sentence


def date_parts(frame: pd.DataFrame) -> dict[str, str]:
    """Columns that together make a moment, part → column; nothing where they do not.

    A year and what divides it: months (and days), weeks, quarters or days of the year.
    """
    by_part: dict[str, str] = {}
    for name in map(str, frame.columns):
        part = PARTS.get(normalised(name))
        if part == "month" and part in by_part and normalised(name).startswith("mm"):
            part = "minute"  # YY MM DD hh mm
        if part is not None and part not in by_part and _fits(frame[name], part):
            by_part[part] = name
    if "year" not in by_part:
        return {}
    if "month" in by_part and ("day" in by_part or "week" not in by_part):
        within = ["month", *(["day"] if "day" in by_part else [])]
    else:
        within = [part for part in _PARTS if part in ("week", "quarter", "yearday")]
        within = [part for part in within if part in by_part][:1]
    if not within:
        return {}
    used = ["year", *within]
    if within[-1] in ("day", "yearday"):  # an hour of a month is none
        for part in _CLOCK:
            if part not in by_part:
                break
            used.append(part)
    return {part: by_part[part] for part in used}


def _fits(column: pd.Series, part: str) -> bool:
    """Whether most values can be this part of a moment."""
    values = column.dropna().head(1000)
    if values.empty or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return False
    numbers = _numbers(values, part)
    low, high = (1, 9999) if part == "year" else (0, _LARGEST_PART[part])
    return bool(((numbers >= low) & (numbers <= high)).mean() > 0.5)


def _numbers(column: pd.Series, part: str) -> pd.Series:
    """A part as numbers: of Q1 and W05 the digits, of a month's name its place."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("f8")
    texts = as_texts(column)
    if part == "month":
        texts = texts.map(lambda text: text if pd.isna(text) else month_of(text) or text)
    elif part in ("quarter", "week"):
        texts = texts.str.replace(r"^[A-Za-z]+\s*(?=\d)|(?<=\d)[A-Za-z.]+$", "", regex=True)
    return pd.to_numeric(texts, errors="coerce")


def _clock_column(frame: pd.DataFrame) -> tuple[str, str] | None:
    """The column of times of day beside one of dates, and whether it holds times or hours."""
    kinds, numeric = describe(frame), numeric_names(frame)
    for name, held in kinds.items():
        if name in numeric:
            if PARTS.get(normalised(name)) == "hour" and _fits(frame[name], "hour"):
                return "hour", name
        elif held not in (ColumnKind.LIST, ColumnKind.EMPTY) and _are_times(frame[name]):
            return "time", name
        if normalised(name) in _CLOCKS and (width := _clock_digits(frame[name])):
            return f"clock{width}", name
    return None


def _are_times(column: pd.Series) -> bool:
    """Whether the first cells are times of day; most columns' first cell says that they are not."""
    known = (str(cell).strip() for cell in column if not pd.isna(cell))
    return all(len(cell) <= 18 and is_time_of_day(cell) for cell in islice(known, 200))


def _clock_digits(values: pd.Series) -> int:
    """4 where digits are hours and minutes, 6 where seconds too, else 0: 930 is half past nine."""
    texts = as_texts(values.dropna().head(200))
    if texts.empty or not texts.str.fullmatch(r"\d{1,6}").all() or texts.astype("i8").max() <= 24:
        return 0
    width = 6 if texts.str.len().max() > 4 else 4
    return width if texts.str.zfill(width).map(is_clock).all() else 0


def _is_day(column: pd.Series) -> bool:
    """Whether moments have no time of day of their own."""
    form = learn([column.head(1000)])
    stamps, valid = form.read(column.head(1000))
    return not form.is_period and bool((stamps[valid] % (86400 * 10**6) == 0).all())


def joined(frame: pd.DataFrame, columns: Sequence[str], roles: Sequence[str]) -> pd.Series:
    """Several columns as one of texts that has the moments of all; one column as it is."""
    if not roles:
        return frame[columns[0]]
    by_role = dict(zip(roles, columns, strict=True))
    if "date" in by_role:
        texts = _dates(frame[by_role["date"]])
        for role, name in zip(roles[1:], columns[1:], strict=True):
            texts = texts + " " + _clock(frame[name], role)
        return texts.rename(columns[0])
    numbers = {role: _numbers(frame[name], role) for role, name in by_role.items()}
    years = numbers["year"]
    if years.max() < 100:
        years = years + np.where(years < FIRST_SHORT_YEAR, 2000, 1900)
    texts = _digits(years, 4)
    for part, before, width in (("month", "-", 2), ("day", "-", 2), ("week", "-W", 2),
                                ("quarter", "Q", 1), ("yearday", "-", 3), ("hour", " ", 2),
                                ("minute", ":", 2), ("second", ":", 2)):  # fmt: skip
        if part in numbers:
            texts = texts + before + _digits(numbers[part], width)
    if "hour" in numbers and "minute" not in numbers:
        texts = texts + ":00"
    return texts.rename(columns[0])


def _dates(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.dt.strftime("%Y-%m-%d")
    return as_texts(column)


def _clock(column: pd.Series, role: str) -> pd.Series:
    if role == "hour":
        return _digits(_numbers(column, role), 2) + ":00"
    if role.startswith("clock"):
        return as_texts(column).str.zfill(int(role.removeprefix("clock")))
    return as_texts(column)


def _digits(numbers: pd.Series, width: int) -> pd.Series:
    """Whole numbers with leading zeros; what is none stays as it is, so that it is not read."""
    texts = as_texts(numbers)
    return texts.str.zfill(width)


def refuse_mixed_zones(moments: pd.Series, where: str, unit: str = "row") -> None:
    """An error that names the first date whose zone is unlike that of the dates before it."""
    if pd.api.types.is_numeric_dtype(moments.dtype):
        return
    codes, cells = pd.factorize(as_texts(moments))
    _, zones = divided([str(cell) for cell in cells])
    zoned = np.array([bool(zone) for zone in zones] + [False])[codes]
    if zoned.any() and not zoned.all():
        row = int((zoned != zoned[0]).argmax())
        held = "a" if zoned[row] else "no"
        raise UserError(
            f'{where} {unit} {row + 1}: "{moments.iloc[row]}" has {held} time zone, unlike'
            f' "{moments.iloc[0]}" before',
            "write all moments with a zone, or all without",
        )
