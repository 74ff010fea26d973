"""Expected calibration error: how far the confidence of predictions is from their accuracy.

Guo et al. (2017), "On Calibration of Modern Neural Networks".
"""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import confidence_and_right
from seqlab.registry import registered

CARD = {"tasks": ["classify"]}

BINS = 15


@registered
class CalibrationError(Metric):
    """Statistics: right − the highest probability, in the column of that probability's bin (15 of
    equal width); where an example can have several labels, the mean over their decisions.

    The error is Σ over bins |Σ (right − confidence)| / examples.
    """

    higher_is_better = False
    unit_range = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        confidence, right = confidence_and_right(predictions, targets)
        bins = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1)  # bins are closed above
        gaps = (bins[:, :, None] == np.arange(BINS)) * (right - confidence)[:, :, None]
        return np.asarray(gaps.mean(axis=1))  # (n, BINS)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs(weights @ statistics).sum(axis=1) / weights.sum(axis=1)
