"""Root of the mean squared error, in the data's own units."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import errors_and_known, total_and_count
from seqlab.registry import registered

CARD = {"tasks": ["forecast", "regress"]}


@registered
class Rmse(Metric):
    """Statistics: sum of the squared errors over an example's known targets, and their count."""

    higher_is_better = False
    margin = 0.02
    relative_margin = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        errors, known = errors_and_known(predictions, targets)
        return total_and_count(errors**2, known)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        totals = weights @ statistics  # (draws, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(totals[:, 0] / totals[:, 1])
