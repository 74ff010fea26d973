"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable

MISSING = "–"
MINUS = "−"
BRIEF = 0.01  # seconds of training, below which nobody reads how many
TINY = 1e-4  # below it zeros hide the digits


def decimals(widths: Iterable[float | None]) -> int:
    """How many decimals show two digits of the narrowest uncertainty; 3 where there is none."""
    found = [abs(width) for width in widths if width]
    return min(6, max(0, 1 - math.floor(math.log10(min(found))))) if found else 3


def fixed(value: float | None, places: int) -> str:
    """A number with so many decimals and a typographic minus."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:.{places}f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def signed(value: float | None, places: int) -> str:
    """A difference with its sign."""
    text = fixed(value, places)
    return f"+{text}" if value is not None and value > 0 and float(text) else text


def significant(value: float | None, digits: int = 3) -> str:
    """A measurement with so many significant digits, thousands separated."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) < TINY:
        return f"{value:.{digits - 1}e}".replace("-", MINUS)
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}".replace("-", MINUS)


def count(value: float | None) -> str:
    """A whole number, thousands separated."""
    return MISSING if value is None or not math.isfinite(value) else f"{round(value):,}"


def seconds(value: float | None) -> str:
    """A duration."""
    if value is None or not math.isfinite(value):
        return MISSING
    if 0 < value < BRIEF:
        return f"under {BRIEF:g} s"
    if value < 120:
        return f"{significant(value, 2 if value < 10 else 3)} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if minutes < 10 else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def cell(value: object) -> str:
    """A value of a table made elsewhere: numbers shortened, the rest as text."""
    if value is None:
        return MISSING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return count(value) if isinstance(value, int) else significant(value)
