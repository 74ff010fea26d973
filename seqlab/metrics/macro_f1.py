"""F1 of each class, averaged over the classes: rare classes count as much as frequent ones."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import (
    class_probabilities,
    is_multi_label,
    label_sets,
    most_probable,
)
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}


@registered
class MacroF1(Metric):
    """Statistics: the predicted class and the true one; or, where an example can have several
    labels, 0 or 1 for each label predicted, then for each that is true.

    F1 = 2·hits / (predicted + true). The mean runs over the classes that occur, predicted or true,
    among the examples with a weight.
    """

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        if is_multi_label(targets):
            return np.concatenate(label_sets(predictions, targets), axis=1)
        probabilities, classes = class_probabilities(predictions, targets)
        return np.stack([most_probable(probabilities), classes], axis=1)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        if np.isnan(statistics).any():
            return np.full(len(weights), np.nan)
        if statistics.shape[1] > 2:
            as_predicted, as_true = np.split(statistics, 2, axis=1)  # (n, L)
        else:
            classes = np.unique(statistics)
            as_predicted, as_true = (statistics.T[:, :, None] == classes).astype(float)  # (n, C)
        # One pass over the weights, of which there are many more than classes.
        counted = np.concatenate([as_predicted * as_true, as_predicted + as_true], axis=1)
        hits, occurrences = np.split(weights @ counted, 2, axis=1)  # (draws, C) each
        present = occurrences > 0
        f1 = np.where(present, 2 * hits / np.where(present, occurrences, 1.0), 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return f1.sum(axis=1) / present.sum(axis=1)
