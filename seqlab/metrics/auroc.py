"""Area under the ROC curve: how often a member of the class is scored above a non-member."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import class_probabilities
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}

DRAWS_AT_ONCE = 128  # keeps the sorted weights of 5,000 examples in the cache's reach


@registered
class Auroc(Metric):
    """Statistics: the probabilities (1 column for two classes, else C) and the true class.

    With more than two classes: one class against the rest, averaged over the classes that have
    both members and non-members; NaN where there is none.
    """

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        probabilities, classes = class_probabilities(predictions, targets)
        scores = probabilities[:, 1:] if probabilities.shape[1] == 2 else probabilities
        return np.column_stack([scores, classes])

    def reduce(self, statistics: Array, weights: Array) -> Array:
        if np.isnan(statistics).any():
            return np.full(len(weights), np.nan)
        scores, true = statistics[:, :-1], statistics[:, -1]
        members = [true == (1 if scores.shape[1] == 1 else c) for c in range(scores.shape[1])]
        areas = np.stack([_area(scores[:, c], members[c], weights) for c in range(len(members))])
        defined = ~np.isnan(areas)  # (C, draws)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(defined, areas, 0.0).sum(axis=0) / defined.sum(axis=0)


def _area(scores: Array, member: NDArray[np.bool_], weights: Array) -> Array:
    """Weighted area for one class → (draws,): pairs in the right order, ties counted half."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))  # of each distinct score
    area = np.empty(len(weights))
    for first in range(0, len(weights), DRAWS_AT_ONCE):
        drawn = weights[first : first + DRAWS_AT_ONCE, order]
        inside = np.add.reduceat(drawn * member[order], starts, axis=1)  # (draws, distinct)
        outside = np.add.reduceat(drawn * ~member[order], starts, axis=1)
        below = np.cumsum(outside, axis=1) - 0.5 * outside
        pairs = inside.sum(axis=1) * outside.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            area[first : first + DRAWS_AT_ONCE] = (inside * below).sum(axis=1) / pairs
    return area
