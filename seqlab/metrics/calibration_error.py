"""Expected calibration error: how far the confidence of predictions is from their accuracy.

Guo et al. (2017), "On Calibration of Modern Neural Networks".
"""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import class_probabilities
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}

BINS = 15


@registered
class CalibrationError(Metric):
    """Statistics: bin of the highest probability (equal widths), and right − that probability.

    The error is Σ over bins |Σ (right − confidence)| / examples.
    """

    higher_is_better = False
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        probabilities, classes = class_probabilities(predictions, targets)
        confidence = probabilities.max(axis=1)
        right = probabilities.argmax(axis=1) == classes
        bins = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1)  # bins are closed above
        return np.stack([bins, right - confidence], axis=1)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        gaps = (statistics[:, :1] == np.arange(BINS)) * statistics[:, 1:]  # (n, BINS)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)
