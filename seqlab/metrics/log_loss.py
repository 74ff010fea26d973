"""Mean negative log-probability of the right class, in nats."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import class_probabilities
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}


@registered
class LogLoss(AdditiveMetric):
    """Statistics: −log p of the right class, and a count of 1.

    Probabilities are kept above the machine epsilon: one certain mistake costs 36 nats, not
    infinitely many.
    """

    higher_is_better = False

    def collect(self, predictions: Array, targets: Array) -> Array:
        probabilities, classes = class_probabilities(predictions, targets)
        right = probabilities[np.arange(len(classes)), classes]
        right = np.clip(right, np.finfo(np.float64).eps, 1.0)
        return np.stack([-np.log(right), np.ones(len(right))], axis=1)
