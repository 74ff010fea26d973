"""The ways in which people write moments: which formats a cell could be in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from seqlab.data.moments.formats import DAYS_OF_WEEK, FULL_DAYS, WORD, Format, Stamps
from seqlab.data.moments.months import month_of, names_as_written

# `~` stands for a separator, `{…}` for one of the words between the braces, both kept as the cell
# has them. In the first group three numbers are told apart by their order alone.
_BY_ORDER = {
    "day": ("%d~%m~%Y", "%d~%m~%y"),
    "month": ("%m~%d~%Y", "%m~%d~%y"),
    "year": ("%y~%m~%d",),
}
DATE_ORDERS = tuple(_BY_ORDER)
ANY_ORDER = "any"  # every order at once
_QUARTER = "{Q|q|Qtr|Quarter|Quartal|T|Trim}"
_WEEK = "{W|w|KW|Wk|Week|S|Sem}"
_UNORDERED = (
    "%Y~%m~%d",
    "%d~%b~%Y",
    "%d{st|nd|rd|th|º}~%b~%Y",
    "%d~%b~%y",
    "%b~%d~%Y",
    "%b~%d{st|nd|rd|th}~%Y",
    "%Y~%b~%d",
    "%Y~%q",  # before months, of which it would read but four
    "%q~%Y",
    "%Y~%E",  # before months, of which it would read but those of the year after
    "%Y~%N",
    "%Y~%m",
    "%m~%Y",
    "%b~%Y",
    "%b~%y",
    "%Y~%b",
    "%Y~{M|m}%m",
    "%Y{年}%m{月}%d{日}",
    "%Y{年}%m{月}",
    f"%Y~{_QUARTER}~%q",
    f"{_QUARTER}~%q~%Y",
    f"{_QUARTER}~%q~%y",
    f"{_QUARTER}~%R~%Y",
    "%R~%Y",
    f"%Y~{_QUARTER}~%R",
    "%Y~%R",
    f"%q~{_QUARTER}~%Y",
    f"%q~{_QUARTER}~%y",
    f"%Y~%q~{_QUARTER}",
    f"%G~{_WEEK}~%V",
    f"%G~{_WEEK}%V-%u",
    f"{_WEEK}~%V~%G",
    "%Y~{H|h|HY|S}%h",
    "{H|h|HY|S}%h~%Y",
    "%Y-%j",
    "{FY|FJ|CY}~%Y",
    "{FY|FJ|CY}~%Y~%E",
    "{FY|FJ|CY}~%Y~%N",
    "%G~%V",
    "%V~%G",
)
BARE_WEEK = re.compile(r"%-?[GV][^%A-Za-z]*%-?[GV]")  # which may be months, too
_COMPACT_BY_ORDER = {"day": ["%d%m%Y"], "month": ["%m%d%Y"], "any": ["%d%m%Y", "%m%d%Y"]}
COMPACT = ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d%H", "%Y%m%d", "%Y%j", "%Y%m", "%G%V", "%Y")
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S~%p", "%I:%M~%p", "%I~%p", "%H.%M.%S", "%H.%M",
          "%H{h|H}%M", "%H%M%S", "%H%M", "%H")  # fmt: skip
_BETWEEN = r"[Tt]|[\s,;_]+(?:-\s)?(?:at\s)?|\s-\s|(?<=\d):(?=\d\d:)"  # a date and a time of day
_FRACTION = re.compile(r"(.*:\d\d)([.,])(\d{1,9})(\s?[AaPp]\.?[Mm]\.?)?")
_WEEKDAY = re.compile(r"([^\W\d_]{2,9})(\.?,?\s+)(?=\S)")
_DAYS = frozenset(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
# Words of three letters and more that dates have, besides the names of months.
LITERALS = frozenset(["qtr", "quarter", "quartal", "trim", "week", "sem", "iii"]) | frozenset(
    day.casefold() for day in (*DAYS_OF_WEEK, *FULL_DAYS)
)
_SEPARATOR = r"[-/.:'’,_\s]*"
_PLAIN = {"Y": r"\d{4}", "G": r"\d{4}", "b": WORD, "q": "[1-4]", "h": "[12]", "u": "[1-7]",
          "R": "I{1,3}|IV", "j": r"\d{3}", "y": r"\d{2}", "p": r"[AaPp]\.?[Mm]\.?", "M": r"\d{2}",
          "S": r"\d{2}", "E": r"\d{2}", "N": r"\d{4}"}  # fmt: skip
_TOKEN = re.compile(r"%([A-Za-z])|(~)|\{([^}]*)\}|([^%~{}]+)")
MOST_FORMATS = 6  # in one column
FEWEST_SEASONS = 3  # such as 2010/11, below which they are months
MOST_SEPARATOR_CHARACTERS = 3  # between two numbers


def _compiled(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A pattern as a regular expression with a group for each token, and the tokens' letters."""
    tokens = _TOKEN.findall(pattern)
    regex, letters = "", []
    for i, (letter, gap, words, literal) in enumerate(tokens):
        letters.append(letter)
        if letter:
            touching = any(
                0 <= j < len(tokens) and tokens[j][0] not in ("", "b") for j in (i - 1, i + 1)
            )
            regex += f"({_PLAIN.get(letter, chr(92) + 'd{2}' if touching else chr(92) + 'd{1,2}')})"
        elif gap:
            between = tokens[i - 1][0] and tokens[i + 1][0]
            numbers = between and not {"b", "p"} & {tokens[i - 1][0], tokens[i + 1][0]}
            regex += f"({_SEPARATOR[:-1]}+)" if numbers else f"({_SEPARATOR})"
        else:
            regex += f"({words})" if words else f"({re.escape(literal)})"
    return re.compile(regex), tuple(letters)


_DATE_PATTERNS = {pattern: _compiled(pattern) for pattern in _UNORDERED}
_ORDERED = {
    order: [_compiled(pattern) for pattern in patterns] for order, patterns in _BY_ORDER.items()
}
_ORDERED[ANY_ORDER] = [pattern for order in DATE_ORDERS for pattern in _ORDERED[order]]
_TIME_PATTERNS = [_compiled(pattern) for pattern in _TIMES]
_ANY_DATE = re.compile(  # whether any of them can match: most texts match none
    "|".join(regex.pattern for regex, _ in [*_DATE_PATTERNS.values(), *_ORDERED[ANY_ORDER]])
)


def _rebuilt(
    cell: str, patterns: Sequence[tuple[re.Pattern[str], tuple[str, ...]]]
) -> Iterator[str]:
    """The patterns that match a whole cell, with the separators and words of the cell."""
    for regex, letters in patterns:
        match = regex.fullmatch(cell)
        if match is None:
            continue
        pieces = list(zip(letters, match.groups(), strict=True))
        if any(letter == "b" and month_of(text) is None for letter, text in pieces):
            continue
        if any(not letter and len(text) > MOST_SEPARATOR_CHARACTERS + 6 for letter, text in pieces):
            continue
        yield "".join(f"%{letter}" if letter else text for letter, text in pieces)


def _dates(text: str, order: str) -> list[str]:
    found: list[str] = []
    if _ANY_DATE.fullmatch(text):
        found += _rebuilt(text, list(_DATE_PATTERNS.values()))
        found += _rebuilt(text, _ORDERED.get(order, ()))
    if text.isdigit():
        compact = [*COMPACT, *_COMPACT_BY_ORDER.get(order, ())]
        return [pattern for pattern in compact if Format(pattern).regex.fullmatch(text)]
    if weekday := _WEEKDAY.match(text):
        word = weekday[1]
        if word[:3].casefold() in _DAYS and month_of(word) is None:
            flag = "9" if len(word) > 3 else ""
            rest = _dates(text[weekday.end() :], order)
            found += [f"%{flag}a{weekday[2]}{pattern}" for pattern in rest]
    return found


def _times(text: str) -> list[str]:
    """Patterns of a time of day; a fraction of a second keeps its number of digits."""
    if fraction := _FRACTION.fullmatch(text):
        whole, point, digits, half = fraction.groups()
        ends = f"{point}%{len(digits)}f"
        return [
            pattern.replace("%S", f"%S{ends}", 1)
            for pattern in _times(whole + (half or ""))
            if "%S" in pattern
        ]
    return list(_rebuilt(text, _TIME_PATTERNS))


def candidates(cell: str, order: str) -> list[str]:
    """Every pattern that a cell could be written in, the usual ones first; zones aside."""
    found = _dates(cell, order)
    for between in re.finditer(_BETWEEN, cell):
        date, time = cell[: between.start()], cell[between.end() :]
        if len(date) >= 6 and time[:1].isdigit():
            times = _times(time)
            if times:
                dates = [pattern for pattern in _dates(date, order) if _names_a_day(pattern)]
                found += [day + between[0] + clock for day in dates for clock in times]
    return found


def _names_a_day(pattern: str) -> bool:
    return not Format(pattern).is_period


def is_time_of_day(cell: str) -> bool:
    """Whether a cell is a time of day alone, such as 17:00:00, 17.00.00 or 5:30 PM."""
    timed = ":" in cell or cell[-1:] in "mM" or cell.count(".") == 2
    return timed and bool(_times(cell))


def is_clock(digits: str) -> bool:
    """Whether digits are hours and minutes, and seconds where there are six."""
    pattern = "%H%M%S" if len(digits) == 6 else "%H%M"
    return bool(Format(f"%Y{pattern}").read([f"1970{digits}"])[1][0])


def formats_of(
    cells: Sequence[str], order: str, bare_weeks: bool = True
) -> tuple[list[Format], Stamps, NDArray[np.bool_]]:
    """The fewest formats that read cells (their zones cut off), the moments, and what is read.

    `order` is that of day, month and year in three numbers; "": such cells are not read.
    `bare_weeks`: whether 2020-13 may be a week.
    The first format is the one that tells most of the time of day, and then the most usual one.
    """
    stamps = np.zeros(len(cells), dtype=np.int64)
    read = np.zeros(len(cells), dtype=bool)
    counts: list[tuple[int, Format]] = []
    rest: Stamps = np.arange(len(cells))
    while len(rest) and len(counts) < MOST_FORMATS:
        left = [cells[int(i)] for i in rest]
        best: tuple[Stamps, NDArray[np.bool_]] | None = None
        for pattern in candidates(left[0], order):
            moments, valid = Format(pattern).read(left)
            is_week = BARE_WEEK.fullmatch(pattern) is not None
            if not valid[0] or (is_week and (counts or not bare_weeks)):
                continue
            if "%E" in pattern and valid.sum() < FEWEST_SEASONS:
                continue
            # Most cells of weeks are no months; a cell of month 13 among months is a slip.
            if best is None or valid.sum() > (2 if is_week else 1) * best[1].sum():
                best, chosen = (moments, valid), Format(pattern)
        if best is None:
            break
        moments, valid = best
        stamps[rest[valid]], read[rest[valid]] = moments[valid], True
        held = [cell for cell, is_read in zip(left, valid, strict=True) if is_read]
        counts.append((len(held), completed(chosen, held)))
        rest = rest[~valid]
    counts.sort(key=lambda item: (-item[1].fineness, -item[0]))
    return [form for _, form in counts], stamps, read


def completed(form: Format, cells: Sequence[str]) -> Format:
    """A format with the padding of numbers and the names of months that cells show."""
    form = form.with_padding(cells)
    letters = form.directives
    if "b" not in letters:
        return form
    place = letters.index("b")
    matches = (form.regex.fullmatch(cell) for cell in cells)
    words = dict.fromkeys(match.groups()[place] for match in matches if match)
    return Format(form.pattern, names_as_written(words))
