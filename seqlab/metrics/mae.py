"""Mean absolute error: of forecasts on the scale of the standardised series, else natural."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import errors_and_known, total_and_count
from seqlab.registry import registered

CARD = {"tasks": ["forecast", "regress"]}


@registered
class Mae(AdditiveMetric):
    """Statistics: sum of the absolute errors over an example's known targets, and their count."""

    higher_is_better = False
    space = "standard"
    margin = 0.02
    relative_margin = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        errors, known = errors_and_known(predictions, targets)
        return total_and_count(np.abs(errors), known)
