"""F1 of each class, averaged over the classes: rare classes count as much as frequent ones."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import class_probabilities, most_probable
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}


@registered
class MacroF1(Metric):
    """Statistics: predicted class and true class.

    F1 = 2·hits / (predicted + true). The mean runs over the classes that occur, predicted or true,
    among the examples with a weight.
    """

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        probabilities, classes = class_probabilities(predictions, targets)
        return np.stack([most_probable(probabilities), classes], axis=1)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        if np.isnan(statistics).any():
            return np.full(len(weights), np.nan)
        classes = np.unique(statistics)
        as_predicted, as_true = (statistics.T[:, :, None] == classes).astype(np.float64)  # (n, C)
        hits = weights @ (as_predicted * as_true)  # (draws, C)
        occurrences = weights @ (as_predicted + as_true)
        present = occurrences > 0
        f1 = np.where(present, 2 * hits / np.where(present, occurrences, 1.0), 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return f1.sum(axis=1) / present.sum(axis=1)
