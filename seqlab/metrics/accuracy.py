"""Share of examples whose most probable class is the right one."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import class_probabilities, most_probable
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}


@registered
class Accuracy(AdditiveMetric):
    """Statistics: 1 where the prediction is right, and a count of 1."""

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        probabilities, classes = class_probabilities(predictions, targets)
        predicted = most_probable(probabilities)
        right = np.where(np.isnan(predicted), np.nan, predicted == classes)
        return np.stack([right, np.ones(len(right))], axis=1)
