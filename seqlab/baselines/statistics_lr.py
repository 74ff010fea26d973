"""Summary statistics of each channel with logistic regression; the order of steps hardly counts.

Mean, deviation, least, most, quartiles, mean step and its deviation, first and last value, and the
logarithm of the number of steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.linear_classifier import Array, LinearClassifier
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.series_classification.classifier import ValueClassifier

CARD = {"tasks": ["series"]}


@registered
class StatisticsLr(LinearClassifier):
    """Eleven numbers a channel, and the length."""

    def features(self, task: ValueClassifier, examples: Examples) -> Array:
        """Statistics (n, 11 · channels + 1)."""
        return np.stack([_statistics(x) for x in task.vectors(examples)])


def _statistics(x: NDArray[np.float32]) -> Array:
    steps = np.diff(x, axis=0)
    low, first, middle, third, high = np.quantile(x, [0, 0.25, 0.5, 0.75, 1], axis=0)
    held = [x.mean(0), x.std(0), low, first, middle, third, high]
    held += [np.abs(steps).mean(0), steps.std(0), x[0], x[-1]]
    return np.concatenate([*held, [np.log(len(x))]]).astype(np.float64)
