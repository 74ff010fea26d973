"""The form of a column of moments: learned from every file of a study, then read and written alike.

Texts, numbers such as 202001, counts since 1970 or of a spreadsheet, and what has a type of its own
become whole microseconds since 1970, on the clock of the data or in UTC, and are written back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.moments.formats import DAY, SECOND, Format, Stamps
from seqlab.data.moments.months import month_of
from seqlab.data.moments.numerals import LEAST_YEAR, MOST_YEAR, UNITS, numeral_of
from seqlab.data.moments.patterns import (
    ANY_ORDER,
    BARE_WEEK,
    LITERALS,
    candidates,
    completed,
    formats_of,
)
from seqlab.data.moments.readings import Order, choose_order
from seqlab.data.moments.zones import NOWHERE, Zone, divided, in_utc, is_known, zone_of
from seqlab.errors import UserError

Valid = NDArray[np.bool_]
_WEEK = re.compile(r"week|wk|woche|semaine|semana|(?<![a-z])kw(?![a-z])", re.IGNORECASE)
_LONG = re.compile(r"[^\W\d_]{3,}")
_LONGEST_CHARACTERS = 60  # characters of a moment; longer cells are texts
AS_GIVEN = "as given"  # an order: moments are in the user's own format and in no other
SAMPLED_CELLS = 500  # cells that tell whether a column holds dates
_WORDS = {"Y": "YYYY", "G": "YYYY", "y": "YY", "m": "MM", "d": "DD", "H": "hh", "I": "hh",
          "M": "mm", "S": "ss", "f": "f", "b": "Month", "a": "Day", "p": "AM/PM", "q": "q",
          "h": "h", "E": "YY", "N": "YYYY", "V": "ww", "u": "d", "j": "ddd",
          "R": "q"}  # fmt: skip


@dataclass(frozen=True)
class TimeForm:
    """How moments are written.

    kind      text; numeral: digits in the order of a format; count: so many units since 1970 (or
              days of a spreadsheet, or years); datetime and period: a type of its own
    formats   of texts and numerals, the usual one first
    midnight  the format of midnights where they are written without a time of day
    order     of day, month and year where three numbers are told apart by nothing else
    unit      of a count; of a period, its frequency
    whole     whether numbers have no fractions
    digits    whether a count is written as text
    zone      where the clocks stand
    clock     wall: moments are read as local clocks show them; utc: in UTC
    remark    what a user should know of the choice, in words
    """

    kind: Literal["text", "numeral", "count", "datetime", "period"]
    formats: tuple[Format, ...] = ()
    midnight: Format | None = None
    order: str = ""
    unit: str = ""
    whole: bool = True
    digits: bool = False
    zone: Zone = NOWHERE
    clock: Literal["wall", "utc"] = "wall"
    remark: str = ""

    def read(self, column: pd.Series) -> tuple[Stamps, Valid]:
        """Microseconds of each cell, and whether the cell is a moment of this form."""
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            stamps, valid = _native(column)
            if (column.dt.tz is None) != (not self.zone.name):
                return stamps, np.zeros_like(valid)
            return self._on_clock(stamps), valid
        if isinstance(column.dtype, pd.PeriodDtype):
            return _starts(column)
        if self.kind == "count" and self.digits:
            column = _counted(column)
        if self.kind == "count" and pd.api.types.is_numeric_dtype(column.dtype):
            unit = UNITS[self.unit]
            values = column.to_numpy("f8", na_value=np.nan)
            valid = np.isfinite(values)
            if pd.api.types.is_integer_dtype(column.dtype) and valid.all():
                return unit.read(column.to_numpy("i8")), valid
            return unit.read(np.where(valid, values, 0)), valid
        codes, cells = pd.factorize(as_texts(column))
        if not len(cells):
            return np.zeros(len(codes), dtype=np.int64), np.zeros(len(codes), dtype=bool)
        stamps, valid = self._read_texts([str(cell) for cell in cells])
        rows = np.asarray(codes, dtype=np.int64)
        return stamps[rows], valid[rows] & (rows >= 0)

    def _read_texts(self, cells: list[str]) -> tuple[Stamps, Valid]:
        cores, zones = divided(cells)
        stamps, valid = np.zeros(len(cells), dtype=np.int64), np.zeros(len(cells), dtype=bool)
        for form in (*self.formats, *((self.midnight,) if self.midnight else ())):
            rest = np.flatnonzero(~valid)
            if len(rest):
                stamps[rest], valid[rest] = form.read([cores[i] for i in rest])
        rest = np.flatnonzero(~valid)
        if len(rest) and self.order != AS_GIVEN:
            # Ways of writing that the study has not: read where there is but one reading.
            left = [cores[i] for i in rest]
            stamps[rest], valid[rest] = formats_of(left, self.order, bare_weeks=False)[1:]
        zoned = np.array([bool(zone) for zone in zones])
        if not zoned.any():
            return stamps, valid & (not self.zone.name or self.kind != "text")
        valid &= zoned & np.array([is_known(zone) for zone in zones]) & bool(self.zone.name)
        known = np.flatnonzero(valid)
        utc = in_utc(stamps[known], [zones[i] for i in known])
        stamps[known] = self._on_clock(utc)
        return stamps, valid

    def _on_clock(self, utc: Stamps) -> Stamps:
        """Moments of UTC on the clock of this form."""
        return utc + self.zone.offsets(utc) if self.clock == "wall" else utc

    def write(self, moments: NDArray[np.generic]) -> Any:
        """Moments (datetime64) in this form: texts, numbers, or an index of their own type."""
        stamps = moments.astype("datetime64[us]").astype(np.int64)
        if self.kind == "count":
            counts = UNITS[self.unit].write(stamps, self.whole)
            return counts.astype(str).astype(object) if self.digits else counts
        if self.kind == "period":
            return pd.PeriodIndex(pd.DatetimeIndex(stamps.view("M8[us]")), freq=self.unit)
        if self.kind == "datetime":
            return self._index(stamps)
        distinct, place = np.unique(stamps, return_inverse=True)
        texts = np.array(self._texts(distinct), dtype=object)
        if self.kind == "numeral":
            texts = texts.astype(np.int64) if self.whole else texts.astype(np.float64)
        return texts[place]

    def on_wall(self, moments: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
        """Moments of this form as clocks in its zone show them."""
        if self.clock == "wall" or not self.zone.name:
            return moments
        stamps = moments.astype("M8[us]").astype(np.int64)
        return (stamps + self.zone.offsets(stamps)).view("M8[us]")

    def _index(self, stamps: Stamps) -> pd.DatetimeIndex:
        index = pd.DatetimeIndex(stamps.view("M8[us]"))
        if not self.zone.name:
            return index
        if self.clock == "utc":
            return index.tz_localize("UTC").tz_convert(self.zone.name)
        first = np.ones(len(index), dtype=bool)
        return index.tz_localize(self.zone.name, ambiguous=first, nonexistent="shift_forward")

    def _texts(self, stamps: Stamps) -> list[str]:
        utc, local = stamps, stamps
        if self.zone.name:
            if self.clock == "utc":
                local = stamps + self.zone.offsets(stamps)
            else:
                utc = self.zone.to_utc(stamps)
        texts = self.formats[0].write(local)
        if self.midnight is not None:
            days = self.midnight.write(local)
            at_midnight = local % DAY == 0
            texts = [day if m else t for day, t, m in zip(days, texts, at_midnight, strict=True)]
        if not self.zone.suffix:
            return texts
        zones = self.zone.written(utc)
        return [text + zone for text, zone in zip(texts, zones, strict=True)]

    @property
    def is_period(self) -> bool:
        """Whether a moment is the name of a span: a month, a quarter, a week, a year."""
        if self.kind == "period":
            return True
        return bool(self.formats) and all(form.is_period for form in self.formats)

    def words(self) -> str:
        """What the form is, for people: DD.MM.YYYY, milliseconds since 1970."""
        if self.kind == "count":
            said = UNITS[self.unit].words
        elif self.formats:
            said = re.sub(r"%-?\d?([A-Za-z])", lambda m: _WORDS[m[1]], self.formats[0].pattern)
        else:
            said = ""
        if not self.zone.name:
            return said
        return f"{said}, time zone {self.zone.name}".removeprefix(", ")


def learn(
    columns: Sequence[pd.Series], *, day_first: bool | None = None, pattern: str | None = None
) -> TimeForm:
    """The form of a column, from the cells of every file that has it."""
    first = columns[0]
    if pattern is not None:
        given_format(pattern, ())  # a wrong one is wrong for any data
    if pd.api.types.is_datetime64_any_dtype(first.dtype):
        return _learn_native(first)
    if isinstance(first.dtype, pd.PeriodDtype):
        return TimeForm("period", unit=str(first.dtype).removeprefix("period[").rstrip("]"))
    if pd.api.types.is_numeric_dtype(first.dtype) and pattern is None:
        form = numeral_of(pd.concat([column.dropna() for column in columns]))
        if form is not None:
            kind: Literal["count", "numeral"] = "count" if form.unit else "numeral"
            return TimeForm(kind, form.formats, unit=form.unit, whole=form.whole)
    if pattern is None and all(map(_is_long_digits, columns)):
        form = numeral_of(pd.concat([_counted(column.dropna()) for column in columns]))
        if form is not None and form.unit:
            return TimeForm("count", unit=form.unit, whole=form.whole, digits=True)
    cells = pd.unique(pd.concat([as_texts(column).dropna() for column in columns]))
    return _learn_texts([str(cell) for cell in cells], first, day_first, pattern)


def _learn_texts(
    cells: list[str], column: pd.Series, day_first: bool | None, pattern: str | None
) -> TimeForm:
    cores, zones = divided(cells)
    order = Order(AS_GIVEN)
    pattern = pattern or _weeks(cores, str(column.name))
    if pattern is not None:
        formats = [given_format(pattern, cores)]
        stamps, read = formats[0].read(cores)
    else:
        order = choose_order(cores, day_first)
        formats, stamps, read = list(order.formats), order.stamps, order.read
    kind: Literal["text", "numeral"] = "text"
    if pd.api.types.is_numeric_dtype(column.dtype):
        kind = "numeral"
    form = TimeForm(
        kind,
        tuple(formats),
        _midnight(formats, cores),
        order.name,
        remark=order.remark,
        whole=not pd.api.types.is_float_dtype(column.dtype),
    )
    if form.midnight is not None:
        others = tuple(one for one in formats if one != form.midnight)
        form = TimeForm(form.kind, others, form.midnight, form.order, remark=form.remark)
    known = np.array([bool(zone) and is_known(zone) for zone in zones], dtype=bool) & read
    return _zoned(form, stamps[known], [z for z, k in zip(zones, known, strict=True) if k])


def _weeks(cells: Sequence[str], name: str) -> str | None:
    """The pattern of weeks such as 2021-05 in a column that says so; months are written alike."""
    if not _WEEK.search(name):
        return None
    patterns = [p for p in candidates(cells[0], "") if BARE_WEEK.fullmatch(p)] if cells else []
    return next((p for p in patterns if Format(p).read(cells)[1].all()), None)


def _zoned(form: TimeForm, local: Stamps, zones: list[str]) -> TimeForm:
    """The form with the zone that its cells name."""
    if not zones:
        return form
    utc = in_utc(local, zones)
    zone = zone_of(utc, zones)
    clock, remark = _clock(zone, utc), form.remark
    if len(set(zones)) > 1:
        said = f"time zone {zone.name}" if zone.name != "UTC" else "no region has these: UTC"
        held = ", ".join(sorted(text.strip() for text in set(zones))[:4])
        remark = "; ".join(filter(None, (remark, f"offsets {held} are those of {said}")))
    return TimeForm(
        form.kind, form.formats, form.midnight, form.order, zone=zone, clock=clock, remark=remark
    )


def _clock(zone: Zone, utc: Stamps) -> Literal["wall", "utc"]:
    """Days are those of the wall clock, which summer time shifts; hours are steps of UTC."""
    gaps = np.diff(np.unique(utc))
    daily = len(gaps) > 0 and np.median(gaps) >= DAY - 3600 * SECOND
    fixed = not re.search("[a-z]", zone.name)
    return "wall" if daily or fixed else "utc"


def _midnight(formats: Sequence[Format], cells: Sequence[str]) -> Format | None:
    """The format without a time of day, where midnights alone are written in it."""
    timed = [form for form in formats if set("HI") & set(form.directives)]
    plain = [form for form in formats if form not in timed]
    if len(plain) != 1 or not timed:
        return None
    for form in timed:
        stamps, valid = form.read(cells)
        if (stamps[valid] % DAY == 0).any():
            return None
    return plain[0]


def given_format(pattern: str, cells: Sequence[str]) -> Format:
    """A user's own pattern, with the names of months that the cells show."""
    form = Format(pattern)
    unknown = [letter for letter in form.directives if letter not in _WORDS]
    if unknown or not form.directives:
        what = f'"%{unknown[0]}" is no field' if unknown else "no fields"
        raise UserError(
            f'time format "{pattern}": {what}',
            "expected a pattern such as %d.%m.%Y %H:%M; %b is a month's name, %q a quarter,"
            " %G-W%V a week",
        )
    return completed(form, cells)


def _is_long_digits(column: pd.Series) -> bool:
    """Whether texts are numbers that are too long for dates, as those of nanoseconds are."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return False
    texts = as_texts(column.dropna())
    return len(texts) > 0 and bool(texts.str.fullmatch(r"\d{9,19}(?:\.\d+)?").all())


def _counted(column: pd.Series) -> pd.Series:
    """Texts of digits as numbers."""
    return pd.to_numeric(as_texts(column), errors="coerce")


def as_texts(column: pd.Series) -> pd.Series:
    """Cells as texts without blanks at their ends; whole numbers without a fraction."""
    if pd.api.types.is_float_dtype(column.dtype) and bool((column.dropna() % 1 == 0).all()):
        column = column.astype("Int64")
    return column.astype("str").str.strip().where(column.notna())


def _native(column: pd.Series) -> tuple[Stamps, Valid]:
    times = column
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    valid = times.notna().to_numpy()
    moments = times.to_numpy().astype("datetime64[us]").astype(np.int64)
    return np.where(valid, moments, 0), valid


def _learn_native(column: pd.Series) -> TimeForm:
    if column.dt.tz is None:
        return TimeForm("datetime")
    zone = Zone(str(column.dt.tz))
    stamps, valid = _native(column)
    return TimeForm("datetime", zone=zone, clock=_clock(zone, stamps[valid]))


def _starts(column: pd.Series) -> tuple[Stamps, Valid]:
    """The first moment of each period."""
    valid = column.notna().to_numpy()
    stamps = column.dt.start_time.to_numpy().astype("datetime64[us]").astype(np.int64)
    return np.where(valid, stamps, 0), valid


def looks_like_dates(cells: Iterable[str]) -> bool:
    """Whether strings (none missing) are dates, judged by a sample.

    Numbers alone are none, whatever they could be: a column's name has to say so.
    """
    return _share_of_dates(islice(cells, SAMPLED_CELLS), digits=False) > 0.9


def can_be_moments(column: pd.Series) -> bool:
    """Whether a column that is named as a time holds moments, numbers among them."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return True
    if isinstance(column.dtype, pd.PeriodDtype):
        return True
    if pd.api.types.is_bool_dtype(column.dtype):
        return False
    values = column.dropna()
    if pd.api.types.is_numeric_dtype(column.dtype):
        return len(values) > 0 and numeral_of(values) is not None
    if _is_long_digits(values.head(SAMPLED_CELLS)):
        return numeral_of(_counted(values)) is not None
    return (
        len(values) > 0 and _share_of_dates(as_texts(values.head(SAMPLED_CELLS)), digits=True) > 0.9
    )


def _share_of_dates(values: Iterable[Any], digits: bool) -> float:
    """The share of cells that are dates; 0 where more than a tenth are none."""
    rest = [str(value).strip() for value in values]
    most, wrong, right = 0.1 * len(rest), 0, 0
    while rest:
        form = _format_of(rest[0], digits)
        if form is None:
            wrong, rest = wrong + 1, rest[1:]
            if wrong > most:
                break
            continue
        valid = form.read(divided(rest)[0])[1]
        valid[0] = True  # whatever its zone
        right += int(valid.sum())
        rest = [cell for cell, is_read in zip(rest, valid, strict=True) if not is_read]
    return right / max(1, right + wrong) if wrong <= most else 0.0


def _format_of(cell: str, digits: bool) -> Format | None:
    """A format that reads a cell; None: it is no date."""
    if not 4 <= len(cell) <= _LONGEST_CHARACTERS or not any(map(str.isdigit, cell)):
        return None
    if cell.isdigit():
        years = {int(cell[:4]), int(cell[4:8])} if len(cell) == 8 else {int(cell[:4])}
        if not digits or not any(LEAST_YEAR <= year <= MOST_YEAR for year in years):
            return None
    (core,), _ = divided([cell])
    words = _LONG.findall(core)
    if any(month_of(word) is None and word.casefold() not in LITERALS for word in words):
        return None
    for pattern in candidates(core, ANY_ORDER):
        form = Format(pattern)
        if not digits and pattern == "%Y-%j":  # numbers of invoices are written so
            continue
        if form.read([core])[1][0]:
            return form
    return None
