"""Forecasts by their quantiles, and what metrics of them share.

A plain forecast is one whose quantiles all agree: its CRPS is its absolute error, so that what
gives no intervals competes with what does.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import total_and_count


@dataclass(frozen=True)
class Quantiles:
    """values (n, …, Q) in ascending order, and the probabilities (Q,) that they belong to."""

    values: Array
    levels: tuple[float, ...]


class QuantileMetric(AdditiveMetric):
    """Statistics: sum of a score over an example's known targets, and their count."""

    def collect(self, predictions: Array | Quantiles, targets: Array) -> Array:
        """From quantiles (n, …, Q), or from plain forecasts in the shape of the targets."""
        if not isinstance(predictions, Quantiles):
            predictions = Quantiles(np.asarray(predictions, dtype=np.float64)[..., None], (0.5,))
        values = np.asarray(predictions.values, dtype=np.float64)
        wanted = np.asarray(targets, dtype=np.float64)
        assert values.shape == (*wanted.shape, len(predictions.levels)), "a value for each level"
        known = ~np.isnan(wanted)
        filled = np.where(known, wanted, 0.0)
        score = np.where(known, self.score(values, filled, np.array(predictions.levels)), 0.0)
        return total_and_count(score.reshape(len(score), -1), known.reshape(len(known), -1))

    @abstractmethod
    def score(self, values: Array, targets: Array, levels: Array) -> Array:
        """The score of each target (n, …), from quantiles (n, …, Q) at levels (Q,)."""


def pinball(values: Array, targets: Array, levels: Array) -> NDArray[np.float64]:
    """The pinball loss of each quantile, (n, …, Q): level·(y − q) above it, (1 − level)·(q − y)
    below.
    """
    away = targets[..., None] - values
    return np.asarray(np.maximum(levels * away, (levels - 1) * away))
