"""Area under the ROC curve: how often a member of the class is scored above a non-member."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import class_probabilities, is_multi_label, label_probabilities
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}

DRAWS_AT_ONCE = 64  # the weights of 5,000 examples then stay within reach of the cache


@registered
class Auroc(Metric):
    """Statistics: the probabilities (1 column for two classes, else C) and the true class; or,
    where an example can have several labels, the probability and the truth of each, then −1.

    With more than two classes: one class against the rest, averaged over the classes that have
    both members and non-members; NaN where there is none.
    """

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        if is_multi_label(targets):
            held, truth = label_probabilities(predictions, targets)
            return np.column_stack([held, truth, np.full(len(truth), -1.0)])
        probabilities, classes = class_probabilities(predictions, targets)
        scores = probabilities[:, 1:] if probabilities.shape[1] == 2 else probabilities
        return np.column_stack([scores, classes])

    def reduce(self, statistics: Array, weights: Array) -> Array:
        if np.isnan(statistics).any():
            return np.full(len(weights), np.nan)
        scores, members = _scores_and_members(statistics)
        places = [_Places.of(*each) for each in zip(scores.T, members.T, strict=True)]
        areas = np.empty((len(places), len(weights)))
        for first in range(0, len(weights), DRAWS_AT_ONCE):
            some = slice(first, first + DRAWS_AT_ONCE)
            drawn = np.ascontiguousarray(weights[some].T)  # (n, draws)
            areas[:, some] = [place.area(drawn) for place in places]
        defined = ~np.isnan(areas)  # (C, draws)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(defined, areas, 0.0).sum(axis=0) / defined.sum(axis=0)


def _scores_and_members(statistics: Array) -> tuple[Array, NDArray[np.bool_]]:
    """The scores of each class and who belongs to it, (n, C) each."""
    values, last = statistics[:, :-1], statistics[:, -1:]
    if len(last) and last[0, 0] < 0:
        scores, truth = np.split(values, 2, axis=1)
        return scores, truth == 1
    classes = [1] if values.shape[1] == 1 else range(values.shape[1])
    return values, last == np.asarray(classes)


@dataclass(frozen=True, eq=False)
class _Places:
    """Where a class's members stand among the others, sorted by score once for all draws."""

    members: NDArray[np.int64]
    others: NDArray[np.int64]  # by increasing score
    below: NDArray[np.int64]  # per member, how many others have a lower score
    up_to: NDArray[np.int64]  # … a lower or an equal score

    @classmethod
    def of(cls, scores: Array, member: NDArray[np.bool_]) -> _Places:
        members, others = np.flatnonzero(member), np.flatnonzero(~member)
        others = others[np.argsort(scores[others], kind="stable")]
        below = np.searchsorted(scores[others], scores[members], "left")
        up_to = np.searchsorted(scores[others], scores[members], "right")
        return cls(members, others, below, up_to)

    def area(self, drawn: Array) -> Array:
        """Weighted share of pairs in the right order, ties counted half; (n, draws) → (draws,)."""
        outside = np.zeros((len(self.others) + 1, drawn.shape[1]))
        np.cumsum(drawn[self.others], axis=0, out=outside[1:])
        inside = drawn[self.members]
        right = (inside * (outside[self.below] + outside[self.up_to])).sum(axis=0) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(right / (inside.sum(axis=0) * outside[-1]))
