"""Mean squared error, on the scale of the standardised series."""

from __future__ import annotations

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import errors_and_known, total_and_count
from seqlab.registry import registered

CARD = {"tasks": ["forecast"]}


@registered
class Mse(AdditiveMetric):
    """Statistics: sum of the squared errors over an example's known targets, and their count."""

    higher_is_better = False
    space = "standard"
    margin = 0.02
    relative_margin = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        errors, known = errors_and_known(predictions, targets)
        return total_and_count(errors**2, known)
