"""Symmetric mean absolute percentage error, from 0 to 200 %, as in the M4 competition."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.predictions import errors_and_known, total_and_count
from seqlab.registry import registered

CARD = {"tasks": ["forecast"]}


@registered
class Smape(AdditiveMetric):
    """Statistics: sum of 200·|error| / (|target| + |prediction|) over an example's known targets,
    and their count. Where both are 0 the prediction is right and costs nothing.
    """

    higher_is_better = False
    margin = 0.02
    relative_margin = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        errors, known = errors_and_known(predictions, targets)
        sizes = (np.abs(predictions) + np.abs(targets)).reshape(errors.shape)
        shares = np.divide(np.abs(errors), sizes, out=np.zeros_like(errors), where=sizes > 0)
        return total_and_count(200.0 * np.where(np.isnan(errors), np.nan, shares), known)
