"""One way to write moments, as a pattern such as %d.%m.%Y %H:%M: reading it and writing it.

Besides the usual directives there are %q, the quarter, %R, the same in Roman digits, %h, the half
of a year, %E and %N, the year after in two and in four digits (of a season: 1960/61), and %-m for a
number without a leading zero. Moments are whole microseconds since 1970,
so that years from 1 to 9999 fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqlab.data.moments.months import month_of

Stamps = NDArray[np.int64]
SECOND = 10**6  # microseconds
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
WORD = r"[^\W\d_]+\.?"  # the name of a month or of a day of the week
# A directive, what it matches where it stands alone, and next to another number.
_DIRECTIVES = {
    "Y": (r"\d{4}", r"\d{4}"),
    "G": (r"\d{4}", r"\d{4}"),
    "y": (r"\d{2}", r"\d{2}"),
    "E": (r"\d{2}", r"\d{2}"),
    "N": (r"\d{4}", r"\d{4}"),
    "m": (r"\d{1,2}", r"\d{2}"),
    "d": (r"\d{1,2}", r"\d{2}"),
    "H": (r"\d{1,2}", r"\d{2}"),
    "I": (r"\d{1,2}", r"\d{2}"),
    "M": (r"\d{2}", r"\d{2}"),
    "S": (r"\d{2}", r"\d{2}"),
    "f": (r"\d{1,9}", r"\d{1,9}"),
    "j": (r"\d{3}", r"\d{3}"),
    "q": (r"[1-4]", r"[1-4]"),
    "R": (r"I{1,3}|IV", r"I{1,3}|IV"),
    "h": (r"[12]", r"[12]"),
    "V": (r"\d{1,2}", r"\d{2}"),
    "u": (r"[1-7]", r"[1-7]"),
    "b": (WORD, WORD),
    "a": (WORD, WORD),
    "p": (r"[AaPp]\.?[Mm]\.?", r"[AaPp]\.?[Mm]\.?"),
}
_WIDTHS = {"Y": 4, "G": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "j": 3, "q": 1, "h": 1,
           "V": 2, "u": 1, "E": 2, "N": 4}  # fmt: skip
FIRST_SHORT_YEAR = 69  # of two digits: 1969, and 68 is 2068
_SPLIT = re.compile(r"%(-?\d?)([A-Za-z])")
_ROMAN = ("I", "II", "III", "IV")
DAYS_OF_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FULL_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Format:
    """A pattern, and the names of the months that it writes (none: months are numbers)."""

    pattern: str
    names: tuple[str, ...] = ()

    @property
    def directives(self) -> tuple[str, ...]:
        """The letters of its fields, in order."""
        return tuple(letter for _, letter in _SPLIT.findall(self.pattern))

    @property
    def is_period(self) -> bool:
        """Whether it names a span longer than a day: a month, a quarter, a week, a year."""
        return not {"d", "j", "u"} & set(self.directives)

    @property
    def fineness(self) -> int:
        """How many fields of the time of day it has."""
        return len({"H", "I", "M", "S", "f"} & set(self.directives))

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """What a cell must match, a group for each field."""
        pieces = _SPLIT.split(self.pattern)
        regex = _literal(pieces[0])
        for i in range(1, len(pieces), 3):
            alone, packed = _DIRECTIVES[pieces[i + 1]]
            touching = (i > 1 and not pieces[i - 1]) or (i + 3 < len(pieces) and not pieces[i + 2])
            regex += f"({packed if touching else alone})" + _literal(pieces[i + 2])
        return re.compile(regex)

    def read(self, cells: Sequence[str]) -> tuple[Stamps, NDArray[np.bool_]]:
        """The moment of each cell, and whether the cell is one that this format writes."""
        if (width := self._width) is not None:
            alike = np.fromiter((len(cell) == width for cell in cells), bool, len(cells))
            if alike.all():
                return self._read_alike(cells)
        match = self.regex.fullmatch
        rows = [found.groups() if (found := match(cell)) else None for cell in cells]
        valid = np.array([row is not None for row in rows], dtype=bool)
        stamps = np.zeros(len(cells), dtype=np.int64)
        if valid.any():
            columns = zip(*(row for row in rows if row is not None), strict=True)
            texts = dict(zip(self.directives, columns, strict=True))
            stamps[valid], right = _moments({name: _parsed(name, t) for name, t in texts.items()})
            valid[valid] = right
        return stamps, valid

    @cached_property
    def _width(self) -> int | None:
        """The length of cells whose numbers have all their zeros; None: names vary in length."""
        pieces = _SPLIT.split(self.pattern)
        if any(char.isspace() and char != " " for char in self.pattern):
            return None
        widths = [int(flag or 6) if letter == "f" else _WIDTHS.get(letter) for flag, letter in
                  zip(pieces[1::3], pieces[2::3], strict=True)]  # fmt: skip
        known = [width for width in widths if width is not None]
        return sum(known) + sum(map(len, pieces[::3])) if len(known) == len(widths) else None

    def _read_alike(self, cells: Sequence[str]) -> tuple[Stamps, NDArray[np.bool_]]:
        """Cells of one length, read character by character for all at once."""
        codes = np.array(cells, dtype=f"U{self._width}").view(np.uint32).reshape(len(cells), -1)
        pieces = _SPLIT.split(self.pattern)
        valid = np.ones(len(cells), dtype=bool)
        place, fields = 0, {}
        for i in range(-2, len(pieces) - 2, 3):
            if i > 0:
                letter = pieces[i + 1]
                width = int(pieces[i] or 6) if letter == "f" else _WIDTHS[letter]
                digits = codes[:, place : place + width].astype(np.int64) - ord("0")
                valid &= ((digits >= 0) & (digits <= 9)).all(axis=1)
                fields[letter] = digits @ 10 ** np.arange(width - 1, -1, -1)
                if letter == "f":
                    fields[letter] = fields[letter] * 10**6 // 10**width
                place += width
            for char in pieces[i + 2]:
                valid &= codes[:, place] == ord(char)
                place += 1
        fields = {letter: np.where(valid, value, 1) for letter, value in fields.items()}
        for letter, most in (("q", 4), ("h", 2), ("u", 7)):
            if letter in fields:
                valid &= (fields[letter] >= 1) & (fields[letter] <= most)
        stamps, right = _moments(fields)
        return stamps, valid & right

    def with_padding(self, cells: Sequence[str]) -> Format:
        """The format that writes numbers as these cells do, with or without leading zeros."""
        short = set()
        full = self._width
        for cell in cells if full is None else (cell for cell in cells if len(cell) < full):
            if found := self.regex.fullmatch(cell):
                groups = zip(self.directives, found.groups(), strict=True)
                short |= {letter for letter, text in groups if len(text) == 1}

        def padded(match: re.Match[str]) -> str:
            letter = match[2]
            return f"%-{letter}" if letter in "mdHIV" and letter in short else match[0]

        return Format(_SPLIT.sub(padded, self.pattern), self.names)

    def write(self, stamps: Stamps) -> list[str]:
        """Moments as this format writes them; what it has no field for is left out."""
        numbers = _fields(np.asarray(stamps, dtype=np.int64))
        pieces = _SPLIT.split(self.pattern)
        columns = [[pieces[0]] * len(stamps)]
        for i in range(1, len(pieces), 3):
            texts = self._texts(pieces[i], pieces[i + 1], numbers)
            columns.append([text + pieces[i + 2] for text in texts])
        return ["".join(row) for row in zip(*columns, strict=True)]

    def _texts(self, flag: str, letter: str, numbers: dict[str, Stamps]) -> list[str]:
        if letter == "b":
            return [self.names[month - 1] for month in numbers["m"]]
        if letter == "a":
            days = FULL_DAYS if flag == "9" else DAYS_OF_WEEK
            return [days[day - 1] for day in numbers["u"]]
        if letter == "R":
            return [_ROMAN[quarter - 1] for quarter in numbers["q"]]
        if letter == "p":
            return ["PM" if hour >= 12 else "AM" for hour in numbers["H"]]
        if letter == "f":
            return [f"{micros:06d}".ljust(9, "0")[: int(flag or 6)] for micros in numbers["f"]]
        width = {"Y": 4, "G": 4, "N": 4, "j": 3, "q": 1, "h": 1, "u": 1}.get(letter, 2)
        return [f"{value:0{1 if flag == '-' else width}d}" for value in numbers[letter]]


def _literal(text: str) -> str:
    return "".join(r"\s+" if char.isspace() else re.escape(char) for char in text)


def _parsed(letter: str, texts: Sequence[str]) -> Stamps:
    """A field's texts as numbers: of names the month, of fractions microseconds."""
    match letter:
        case "b":
            return np.array([month_of(text) or 0 for text in texts], dtype=np.int64)
        case "a":
            return np.zeros(len(texts), dtype=np.int64)
        case "R":
            return np.array([_ROMAN.index(text) + 1 for text in texts], dtype=np.int64)
        case "p":
            return np.array([text[0] in "pP" for text in texts], dtype=np.int64)
        case "f":
            return np.array([int(text[:6].ljust(6, "0")) for text in texts], dtype=np.int64)
    return np.array([int(text) for text in texts], dtype=np.int64)


def _moments(fields: dict[str, Stamps]) -> tuple[Stamps, NDArray[np.bool_]]:
    """Moments of fields by the letters of their directives, and whether each is in the calendar."""
    days, valid = _days(fields)
    none = np.zeros_like(days)
    hour, minute, second = (fields.get(letter, none) for letter in "HMS")
    if "I" in fields:
        half = fields["I"]
        valid &= (half >= 1) & (half <= 12)
        hour = half % 12 + 12 * fields["p"]
    clock = hour * HOUR + minute * MINUTE + second * SECOND + fields.get("f", none)
    valid &= (minute < 60) & (second < 60) & (clock <= DAY)  # 24:00 is the end of its day
    return days * DAY + clock, valid


def _days(fields: dict[str, Stamps]) -> tuple[Stamps, NDArray[np.bool_]]:
    one = np.ones_like(next(iter(fields.values())))
    if "y" in fields:
        year = fields["y"] + np.where(fields["y"] < FIRST_SHORT_YEAR, 2000, 1900)
    else:
        year = fields.get("G", fields.get("Y", 1970 * one))
    if "V" in fields:
        first = _first_monday(year)
        start = first + 7 * (fields["V"] - 1)
        valid = (fields["V"] >= 1) & (start < _first_monday(year + 1))
        return start + fields.get("u", one) - 1, valid
    if "j" in fields:
        day, length = fields["j"], days_of(year + 1, one) - days_of(year, one)
        return days_of(year, one) + day - 1, (day >= 1) & (day <= length)
    month = fields.get("b", fields.get("m", one))
    for quarter in {"q", "R"} & fields.keys():
        month = 3 * fields[quarter] - 2
    if "h" in fields:
        month = 6 * fields["h"] - 5
    day = fields.get("d", one)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    valid &= fields.get("E", (year + 1) % 100) == (year + 1) % 100
    valid &= fields.get("N", year + 1) == year + 1
    first = days_of(year, np.where(valid, month, 1))
    after = days_of(year, np.where(valid, month, 1) + 1)
    return first + day - 1, valid & (first + day - 1 < after)


def days_of(year: Stamps, month: Stamps) -> Stamps:
    """Days from 1970 to the first of a month; month 13 is January of the year after."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return np.asarray(months.astype("datetime64[D]").astype(np.int64))


def _first_monday(year: Stamps) -> Stamps:
    """The day on which week 1 begins, that of January 4."""
    fourth = days_of(year, np.ones_like(year)) + 3
    return np.asarray(fourth - (fourth + 3) % 7)  # 1970-01-01 was a Thursday


def _fields(stamps: Stamps) -> dict[str, Stamps]:
    """Every field of moments, by the letter of its directive."""
    days, clock = np.divmod(stamps, DAY)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64)
    year, month = months // 12 + 1970, months % 12 + 1
    thursday = days - (days + 3) % 7 + 3  # its year is that of its week
    iso_year = thursday.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    hour = clock // HOUR
    return {
        "Y": year,
        "y": year % 100,
        "E": (year + 1) % 100,
        "N": year + 1,
        "m": month,
        "d": days - dates.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + 1,
        "H": hour,
        "I": (hour + 11) % 12 + 1,
        "M": clock // MINUTE % 60,
        "S": clock // SECOND % 60,
        "f": clock % SECOND,
        "j": days - days_of(year, np.ones_like(year)) + 1,
        "q": (month + 2) // 3,
        "h": (month + 5) // 6,
        "G": iso_year,
        "V": (thursday - days_of(iso_year, np.ones_like(iso_year))) // 7 + 1,
        "u": (days + 3) % 7 + 1,
    }
