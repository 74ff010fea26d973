"""Spearman's rank correlation of predictions and targets, averaged over the targets.

Spearman (1904), "The proof and measurement of association between two things". Tied values share
the mean of their ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.metrics.base import Array, Metric
from seqlab.registry import registered

CARD = {"tasks": ["regress"]}

DRAWS_AT_ONCE = 64  # the weights of 5,000 examples then stay within reach of the cache


@registered
class Spearman(Metric):
    """Statistics: an example's predictions, then its targets; NaN where a target is not known.

    An example that weighs w counts as w equal ones: its rank is the mean of the places that they
    would take. A column that does not vary, predicted or true, correlates with nothing: 0 where
    the prediction is constant, left out where the target is.
    """

    higher_is_better = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        predicted = np.asarray(predictions, dtype=np.float64)
        wanted = np.asarray(targets, dtype=np.float64)
        assert predicted.shape == wanted.shape, f"{predicted.shape}, {wanted.shape}"
        n = len(predicted)
        return np.concatenate([predicted.reshape(n, -1), wanted.reshape(n, -1)], axis=1)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        predicted, wanted = np.split(statistics, 2, axis=1)  # (n, K) each
        correlations = [
            _correlations(predicted[:, k], wanted[:, k], weights) for k in range(wanted.shape[1])
        ]
        values = np.stack(correlations)  # (K, draws)
        # NaN says that a target does not vary; a lost prediction is infinite until here.
        varies = ~np.isnan(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(varies, values, 0.0).sum(axis=0) / varies.sum(axis=0)
        return np.where(np.isinf(mean), np.nan, mean)


def _correlations(predicted: Array, wanted: Array, weights: Array) -> Array:
    """Weighted correlation of the ranks of one target, (draws,)."""
    known = ~np.isnan(wanted)
    if np.isnan(predicted[known]).any():
        return np.full(len(weights), np.inf)
    order_predicted, order_wanted = (_Order.of(v[known]) for v in (predicted, wanted))
    found = np.empty(len(weights))
    for first in range(0, len(weights), DRAWS_AT_ONCE):
        some = slice(first, first + DRAWS_AT_ONCE)
        drawn = np.ascontiguousarray(weights[some][:, known].T)  # (n, draws)
        found[some] = _pearson(order_predicted.ranks(drawn), order_wanted.ranks(drawn), drawn)
    return found


def _pearson(predicted: Array, wanted: Array, drawn: Array) -> Array:
    """Weighted correlation of ranks (n, draws) about their mean of 0; NaN if none is wanted."""
    together = (drawn * predicted * wanted).sum(axis=0)
    spread_predicted = (drawn * predicted**2).sum(axis=0)
    spread_wanted = (drawn * wanted**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = together / np.sqrt(spread_predicted * spread_wanted)
    return np.where(spread_wanted == 0, np.nan, np.where(spread_predicted == 0, 0.0, value))


@dataclass(frozen=True, eq=False)
class _Order:
    """Values sorted once for all draws: who shares a place, and which place that is."""

    places: NDArray[np.int64]  # per example, its distinct value's number by increasing value
    count: int

    @classmethod
    def of(cls, values: Array) -> _Order:
        distinct, places = np.unique(values, return_inverse=True)
        return cls(places.reshape(-1), len(distinct))

    def ranks(self, drawn: Array) -> Array:
        """Mean rank of each example less the mean of all ranks, (n, draws)."""
        held = np.zeros((self.count, drawn.shape[1]))
        np.add.at(held, self.places, drawn)
        below = np.cumsum(held, axis=0) - held
        middle = below + held / 2 - held.sum(axis=0) / 2
        return middle[self.places]
