"""Share of examples whose most probable class is the right one, or all of whose labels are."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import label_sets
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}


@registered
class Accuracy(AdditiveMetric):
    """Statistics: 1 where the prediction is right, and a count of 1."""

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        predicted, true = label_sets(predictions, targets)
        lost = np.isnan(predicted).any(axis=1)
        right = np.where(lost, np.nan, (predicted == true).all(axis=1))
        return np.stack([right, np.ones(len(right))], axis=1)
