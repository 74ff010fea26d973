"""Numbers as people write them: 1,498.68 and 1.498,68, 1'498.68, $5, 3.5 %, 1.2M, (12.5), −4.

A column is read by one style throughout, the one that fits most of its cells. What only looks like
a number – codes with leading zeros, telephone numbers, versions, dates – fits none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CURRENCY = r"[$€£¥₹₽₩₺₫฿₪₱]|(?:US|R|C|A|HK|NZ|S)\$|Rs\.?|kr\.?|zł|CHF|EUR|USD|GBP|JPY|INR|CNY"
_MULTIPLES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "b": 1e9,
          "bn": 1e9, "mrd": 1e9, "billion": 1e9, "t": 1e12, "trillion": 1e12}  # fmt: skip
_CELL = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+\-−]?)\s*(?P<before>{_CURRENCY})?\s*(?P<sign2>[+\-−]?)\s*"
    r"(?P<open2>\()?\s*"
    r"(?P<body>[.,]?\d[\d.,'’ \u00a0\u2009\u202f]*(?:[eE][+\-−]?\d+)?)"
    r"\s?(?P<times>[kKMBT]|[mM](?:n|io|illion)|[bB](?:n|illion)|[mM]rd|trillion|thousand)?\.?\s*"
    rf"(?P<percent>%)?\s*(?P<after>{_CURRENCY})?"
    r"(?P<sign3>-)?\s*(?P<close>\))?"
)
_WHOLE = ("¥", "₩", "JPY")
_UNIT = r"[^\W\d_]{1,8}(?:/[a-z]{1,3}[23²³]?)?[23²³]?|°[CF]?|µ[a-zA-Z]{1,3}"
_WITH_UNIT = re.compile(rf"([+\-−]?\d[\d.,'’ \u00a0\u2009\u202f]*?)\s?({_UNIT})")
_SAMPLED_CELLS = 200  # cells that tell of a unit
_UNIT_SHARE = 0.9
_SPACES = " \u00a0\u2009\u202f"
_EXPONENT = r"(?:[eE][+-]?\d+)?"


@dataclass(frozen=True)
class Style:
    """Which marks divide thousands and which stands before the decimals."""

    words: str
    groups: str  # characters, any of which divides thousands
    point: str
    indian: bool = False

    def number(self, body: str) -> str | None:
        """A number's digits as Python reads them; None where they are not in this style."""
        point, mark = re.escape(self.point), f"[{re.escape(self.groups)}]"
        plain = rf"(?:\d+(?:{point}\d*)?|{point}\d+){_EXPONENT}"
        size = rf"(?:{mark}\d{{2}})*{mark}\d{{3}}" if self.indian else rf"(?:{mark}\d{{3}})+"
        lead = r"\d{1,2}" if self.indian else r"\d{1,3}"
        if not re.fullmatch(rf"{plain}|{lead}{size}(?:{point}\d*)?", body):
            return None
        return re.sub(mark, "", body).replace(self.point, ".")


# The first of styles that fit as many cells is taken.
STYLES = (
    Style("commas between thousands", ",", "."),
    Style("points between thousands, a decimal comma", ".", ","),
    Style("commas between lakhs", ",", ".", indian=True),
    Style("apostrophes between thousands", "'’", "."),
    Style("apostrophes between thousands, a decimal comma", "'’", ","),
    Style("spaces between thousands", _SPACES, "."),
    Style("spaces between thousands, a decimal comma", _SPACES, ","),
)
DECIMAL_COMMA = STYLES[1]


@dataclass(frozen=True)
class Numerals:
    """A column's cells as numbers: None where a cell is none; `how` says what was read in words."""

    values: list[float | None]
    how: str


def read(cells: Sequence[str], *, decimal_comma: bool = False) -> Numerals | None:
    """The numbers among cells (none missing), by the style that fits most; None where none does.

    `decimal_comma`: the file's delimiter is such that a lone comma is a decimal one.
    """
    cells, unit = _without_unit(cells)
    parts = [_CELL.fullmatch(cell) for cell in cells]
    bodies = [
        (part["body"].rstrip().replace("−", "-") if part and _is_whole(part) else None)
        for part in parts
    ]
    known = [body for body in bodies if body is not None]
    if not known or any(re.match(r"0\d", body) for body in known):
        return None
    # Of yen and won there are no hundredths: 3,730 are thousands.
    whole = any(part and (part["before"] or part["after"]) in _WHOLE for part in parts)
    style = _style(known, decimal_comma and not whole)
    if style is None:
        return None
    numbers = [None if body is None else style.number(body) for body in bodies]
    used = [
        part for part, number in zip(parts, numbers, strict=True) if number is not None and part
    ]
    if all(part["open"] or part["open2"] for part in used):  # area codes, numbered items
        return None
    values = [
        None if number is None or part is None else _value(part, float(number))
        for part, number in zip(parts, numbers, strict=True)
    ]
    said = [*_said(used, style), *([f'the unit "{unit}" left out'] if unit else [])]
    return Numerals(values, ", ".join(said))


def _without_unit(cells: Sequence[str]) -> tuple[Sequence[str], str]:
    """Cells without the unit that ends nearly all of them: 3.5 kWh, 21.0°C; "" where none does."""
    found = [_WITH_UNIT.fullmatch(cell) for cell in cells[:_SAMPLED_CELLS]]
    units = Counter(match[2] for match in found if match)
    if not units:
        return cells, ""
    unit, count = units.most_common(1)[0]
    measured = sum("." in match[1] or "," in match[1] for match in found if match)
    if count < _UNIT_SHARE * len(found) or 2 * measured < len(found):  # 5km and 10km are classes
        return cells, ""
    if _CELL.fullmatch(cells[0]):  # per cent, a currency, a million
        return cells, ""
    return [cell.removesuffix(unit).rstrip() for cell in cells], unit


def _is_whole(part: re.Match[str]) -> bool:
    """Whether brackets come in pairs and there is one sign and one currency at most."""
    signs = [part[name] for name in ("sign", "sign2", "sign3") if part[name]]
    opened = bool(part["open"]) + bool(part["open2"])
    if opened != bool(part["close"]) or len(signs) + opened > 1:
        return False
    return not (part["before"] and part["after"])


def _style(bodies: Sequence[str], decimal_comma: bool) -> Style | None:
    order = sorted(STYLES, key=lambda style: decimal_comma and style.point != ",")
    fits = {
        style.words: [body for body in bodies if style.number(body) is not None] for style in order
    }
    best = max(order, key=lambda style: len(fits[style.words]))
    fitting = fits[best.words]
    if not fitting:
        return None
    decimals = any(best.point in body for body in fitting)
    if best.groups == _SPACES and not decimals and not _varies(fitting, " "):
        return None
    if best.point == "," and not decimal_comma and not _is_decimal_comma(fitting):
        return None
    return best


def _varies(bodies: Iterable[str], mark: str) -> bool:
    """Whether cells have different numbers of groups: telephone numbers are grouped alike."""
    plain = [body for body in bodies if mark in body]
    return not plain or len({body.count(mark) for body in bodies}) > 1


def _is_decimal_comma(bodies: Sequence[str]) -> bool:
    """Whether lone commas are decimal ones; lists of codes, 3,4, are written like that too."""
    grouped = any(re.search(r"[.'’ \u00a0\u2009\u202f]", body) for body in bodies)
    commas = sum("," in body for body in bodies)
    digits = [len(body.partition(",")[2]) for body in bodies if "," in body]
    return grouped or (commas >= 0.8 * len(bodies) and max(digits, default=0) > 1)


def _value(part: re.Match[str], number: float) -> float:
    factor = _MULTIPLES.get((part["times"] or "").lower(), 1.0)
    signs = f"{part['sign']}{part['sign2']}{part['sign3'] or ''}"
    negative = bool(part["open"] or part["open2"]) or "-" in signs or "−" in signs
    # Rounded, for 1.39 times a million is not 1,390,000 in binary.
    value = round(number * factor, 6) if factor > 1 else number
    return -value if negative else value


def _said(used: Sequence[re.Match[str]], style: Style) -> Iterable[str]:
    bodies = [part["body"].strip() for part in used]
    if any(set(style.groups) & set(body) for body in bodies):
        yield style.words
    elif style.point == "," and any("," in body for body in bodies):
        alike = all(re.fullmatch(r"[1-9]\d{0,2},\d{3}", body) for body in bodies)
        yield "a decimal comma" + (" (commas between thousands would look alike)" if alike else "")
    currencies = Counter(
        part["before"] or part["after"] for part in used if part["before"] or part["after"]
    )
    if currencies:
        yield f"currency {', '.join(name for name, _ in currencies.most_common(3))}"
        if len(currencies) > 1 or currencies.total() < len(used):
            yield "not all in one currency" if len(currencies) > 1 else "not all with it"
    percents = sum(part["percent"] is not None for part in used)
    if percents:
        yield (
            "per cent"
            if percents == len(used)
            else f"per cent in {percents:,} of {len(used):,} cells"
        )
    times = sorted({part["times"] for part in used if part["times"]})
    if times:
        yield ", ".join(f"{name} = {_MULTIPLES[name.lower()]:,.0f}" for name in times)
    if any(part["open"] or part["open2"] for part in used):
        yield "brackets for below zero"
    if any("−" in part[0] for part in used):
        yield "the sign −"
    if any(part["sign3"] for part in used):
        yield "minus signs behind"
