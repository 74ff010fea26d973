"""Continuous ranked probability score, in seasonal naive errors of the training part.

CRPS = 2 ∫ pinball_p dp (Gneiting and Ranjan, 2011, "Comparing density forecasts using threshold-
and quantile-weighted scoring rules"), approximated by the quantiles there are: each stands for the
probabilities that lie nearer to it than to any other.
"""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array
from seqlab.metrics.quantiles import QuantileMetric, pinball
from seqlab.registry import registered

CARD = {"tasks": ["forecast"]}


@registered
class Crps(QuantileMetric):
    """Of a forecast without intervals it is the absolute scaled error (MASE)."""

    higher_is_better = False
    space = "scaled"
    margin = 0.02
    relative_margin = True

    def score(self, values: Array, targets: Array, levels: Array) -> Array:
        edges = np.concatenate(([0.0], (levels[1:] + levels[:-1]) / 2, [1.0]))
        return np.asarray(2 * (pinball(values, targets, levels) * np.diff(edges)).sum(axis=-1))
