"""Numbers and names as the sentences of a comparison say them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from seqlab.compare.comparison import Comparison

MANY_TIMES = 10  # the best value, from which on no percentage of it is told


@dataclass(frozen=True)
class Units:
    """How values and differences of a metric are told.

    in_points  values lie between 0 and 1, differences are points (hundredths)
    share_of   differences are told as a share of this value, where the margin is one; 0: as is
    """

    in_points: bool
    share_of: float = 0.0

    @classmethod
    def of(cls, comparison: Comparison) -> Units:
        """The units of a comparison's metric."""
        best = comparison.standings[0].mean
        share = abs(best) if comparison.margin.relative and math.isfinite(best) else 0.0
        return cls(comparison.in_points, share)

    def value(self, value: float) -> str:
        """A mean, as in 0.853."""
        return f"{value:.3f}" if self.in_points else f"{value:.4g}"

    def difference(self, difference: float) -> str:
        """The size of a difference, as in 1.6 points, 2.3 % or 0.013."""
        size = abs(difference)
        if not math.isfinite(size):
            return "any amount"
        if self.in_points:
            points = _tenths(100 * size)
            return f"{points} {'point' if points == '1.0' else 'points'}"
        if not self.share_of:
            return f"{size:.2g}"
        shares = size / self.share_of
        many = f"{shares:,.0f} times the best value"
        return many if shares >= MANY_TIMES else f"{_tenths(100 * shares)} %"

    def tells(self, reach: float) -> bool:
        """Whether an interval that reaches so far says anything of a metric with a scale."""
        scale = 0.5 if self.in_points else self.share_of
        return not scale or abs(reach) < scale


def _tenths(value: float) -> str:
    return f"{value:.1f}" if value >= 0.05 or value == 0 else "under 0.1"


def listed(names: Sequence[str]) -> str:
    """Names as in "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def counted(number: float, noun: str) -> str:
    """A count and its noun, as in "1 seed" or "1,821 test examples"."""
    return f"{number:,.0f} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Several of something that is counted."""
    if noun.endswith("series"):
        return noun
    first, of, rest = noun.partition(" of ")
    return f"{first}{'es' if first.endswith('ch') else 's'}{of}{rest}"


def _plain(unit: str) -> str:
    return unit.removeprefix("test ")


def tested_on(comparison: Comparison) -> str:
    """What the comparison stands on, as in "1,821 test examples and 8 seeds"."""
    parts = [counted(comparison.examples, "test example")]
    if comparison.units != comparison.examples:
        parts[0] += f" in {counted(comparison.units, f'independent {_plain(comparison.unit)}')}"
    if comparison.seeds:
        parts.append(counted(comparison.seeds, "seed"))
    return " and ".join(parts)
