"""F1 over all labels of all examples together: each decision counts once."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import label_sets
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}


@registered
class MicroF1(AdditiveMetric):
    """Statistics: twice the labels that are rightly predicted; labels predicted plus labels true.

    Their ratio of sums is F1. With one label for each example it is the accuracy.
    """

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        predicted, true = label_sets(predictions, targets)
        return np.stack([2 * (predicted * true).sum(axis=1), (predicted + true).sum(axis=1)], 1)
