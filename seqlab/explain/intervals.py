"""Intervals of means and of differences in a metric, by the project's own statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from seqlab.compare.contestants import Contestant
from seqlab.compare.decision import compare
from seqlab.data.dependence import Dependence
from seqlab.metrics.base import Metric

Array = NDArray[np.float64]
LEVEL = 0.05


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def above(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.low > 0

    @property
    def below(self) -> bool:
        """Whether the whole interval lies below 0."""
        return self.high < 0


def mean_of(values: Array, level: float = LEVEL) -> Estimate:
    """The mean of independent values, NaN left out."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return Estimate(math.nan, math.nan, math.nan)
    mean = float(known.mean())
    if len(known) < 2:
        return Estimate(mean, -math.inf, math.inf)
    error = float(known.std(ddof=1) / np.sqrt(len(known)))
    width = error * float(t.ppf(1 - level / 2, len(known) - 1))
    return Estimate(mean, mean - width, mean + width)


def apart(
    metric: Metric, ours: Array, theirs: Array, together: Dependence | None = None
) -> Estimate:
    """How much better `ours` is than `theirs`, each the metric's statistics (examples, K)."""
    sign = 1 if metric.higher_is_better else -1
    value = sign * (metric.value(ours) - metric.value(theirs))
    if np.array_equal(ours, theirs):
        return Estimate(0.0, 0.0, 0.0)
    pair = [
        Contestant(name, statistics[None], deterministic=True)
        for name, statistics in (("ours", ours), ("theirs", theirs))
    ]
    found = compare(pair, metric, blocks=together).pairs[0]
    ends = sorted((sign * found.low, sign * found.high))
    return Estimate(value, ends[0], ends[1])
