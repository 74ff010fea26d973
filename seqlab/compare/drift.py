"""Whether new numbers or shares are distributed as those before: a distance, and chance.

Numbers by the two-sample Kolmogorov–Smirnov test, whose statistic is the largest difference of the
distribution functions; shares by a χ² test, with their total variation ½ Σ |p − q|. A difference
counts if it is large enough to matter *and* is not chance: with many rows the least is no chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

SIGNIFICANCE = 0.01  # for all features together (Bonferroni)
LEAST_DISTANCE = 0.1  # of distribution functions or of shares, that matters
QUARTILES = {"quarter": 25, "median": 50, "three quarters": 75}
FEWEST = 20  # of each, to say anything


@dataclass(frozen=True)
class Drift:
    """One feature before and now. distance: 0…1; p_value: of as large a distance by chance.

    before, now: the quartiles of numbers, or shares by name.
    """

    feature: str
    unit: str
    before: dict[str, float]
    now: dict[str, float]
    distance: float
    p_value: float
    counts: tuple[int, int]

    @property
    def few(self) -> bool:
        """Whether there are too few of either to say anything."""
        return min(self.counts) < FEWEST

    def drifted(self, features: int) -> bool:
        """Whether it matters and is no chance, as one of so many that are looked at."""
        certain = self.p_value < SIGNIFICANCE / max(features, 1)
        return not self.few and certain and self.distance >= LEAST_DISTANCE


def of_numbers(
    feature: str, unit: str, before: NDArray[np.float64], now: NDArray[np.float64]
) -> Drift:
    """Numbers, one an example; what is not finite is left out."""
    before, now = before[np.isfinite(before)], now[np.isfinite(now)]
    distance, p_value = 0.0, 1.0
    if len(before) and len(now):
        found: Any = stats.ks_2samp(before, now, method="asymp")
        distance, p_value = float(found.statistic), float(found.pvalue)
    counts = len(before), len(now)
    return Drift(feature, unit, _quartiles(before), _quartiles(now), distance, p_value, counts)


def of_shares(feature: str, unit: str, before: Sequence[str], now: Sequence[str]) -> Drift:
    """Names, one an example."""
    names = sorted({*before, *now})
    number = {name: i for i, name in enumerate(names)}
    counts = np.zeros((2, len(names)))
    for row, values in enumerate((before, now)):
        np.add.at(counts[row], [number[name] for name in values], 1)
    distance, p_value = 0.0, 1.0
    sums = counts.sum(axis=1, keepdims=True)
    if len(names) > 1 and sums.all():
        p_value = float(stats.chi2_contingency(counts, correction=False).pvalue)
        distance = float(np.abs(np.diff(counts / sums, axis=0)).sum() / 2)
    shares = counts / np.maximum(sums, 1)
    each: list[Mapping[str, float]] = [
        dict(zip(names, row.tolist(), strict=True)) for row in shares
    ]
    sizes = len(before), len(now)
    return Drift(feature, unit, dict(each[0]), dict(each[1]), distance, p_value, sizes)


def _quartiles(values: NDArray[np.float64]) -> dict[str, float]:
    if not len(values):
        return {}
    places = np.percentile(values, tuple(QUARTILES.values()))
    return dict(zip(QUARTILES, places.tolist(), strict=True))
