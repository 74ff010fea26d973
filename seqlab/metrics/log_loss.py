"""Mean negative log-probability of the right class, in nats."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import class_probabilities, is_multi_label, label_probabilities
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}


@registered
class LogLoss(AdditiveMetric):
    """Statistics: −log p of the right class, and a count of 1.

    Where an example can have several labels: the mean over the labels, each right or not.
    Probabilities are kept above the machine epsilon: one certain mistake costs 36 nats, not
    infinitely many.
    """

    higher_is_better = False

    def collect(self, predictions: Array, targets: Array) -> Array:
        if is_multi_label(targets):
            held, true = label_probabilities(predictions, targets)
            right = np.where(true == 1, held, 1 - held)  # (n, L)
        else:
            probabilities, classes = class_probabilities(predictions, targets)
            right = probabilities[np.arange(len(classes)), classes, None]  # (n, 1)
        right = np.clip(right, np.finfo(np.float64).eps, 1.0)
        return np.stack([-np.log(right).mean(axis=1), np.ones(len(right))], axis=1)
