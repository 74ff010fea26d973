"""Differences as people write them: `1pt` is a hundredth, `2%` a share of the best value."""

from __future__ import annotations

import math
import re

from seqlab.compare.contestants import Margin
from seqlab.errors import UserError
from seqlab.metrics.base import Metric

FORMS = "a difference such as 1pt (a hundredth), 2% (of the best value) or 0.01"
_FORM = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(pt|%)?\s*")


def parts_of(given: str | float) -> tuple[float, str]:
    """A written difference as its number and its unit: `pt`, `%` or nothing.

    Raises: ValueError for what is none of the forms.
    """
    if isinstance(given, str):
        found = _FORM.fullmatch(given)
        number, unit = (float(found[1]), found[2] or "") if found else (math.nan, "")
    else:
        number, unit = float(given), ""
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"expected {FORMS}")
    return number, unit


def read_margin(given: str | float, metric: Metric, option: str = "--margin") -> Margin:
    """A difference in a metric; a bare number is in its own units, or a share where its margin is.

    Raises: UserError for one that is not written in these forms, that does not fit the metric, or
    that no contestant could exceed.
    """
    try:
        number, unit = parts_of(given)
    except ValueError as error:
        raise UserError(f'{option} "{given}": {error}') from None
    name, relative_by_default = metric.name, metric.relative_margin
    relative = unit == "%" or (not unit and relative_by_default)
    if unit == "pt" and not metric.unit_range:
        plain = "0.01 for the same" if relative_by_default else f"a number in units of {name}"
        raise UserError(
            f"{option} {given}: points are hundredths of a score from 0 to 1, and {name} is none",
            f"write 1% for a share of the best value, or {plain}",
        )
    value = number / 100 if unit else number
    if value >= 1 and (relative or metric.unit_range):
        whole = f"all of the best {name}" if relative else f"the whole range of {name} (0 to 1)"
        raise UserError(
            f"{option} {given}: that is {whole} or more, so everything would count as equal",
            f"write {_meant(number if not unit else 1.0, relative)}",
        )
    return Margin(value, relative)


def written(margin: Margin, metric: Metric) -> str:
    """A margin as it would be written for the command line."""
    if margin.relative:
        return f"{100 * margin.value:g}%"
    return f"{100 * margin.value:g}pt" if metric.unit_range else f"{margin.value:g}"


def _meant(number: float, relative: bool) -> str:
    """What someone who wrote 5 may have meant."""
    number = number if number < 100 else 1.0
    return f"{number:g}{'%' if relative else 'pt'} or {number / 100:g}"
