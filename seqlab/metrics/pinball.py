"""Mean pinball loss over the forecast quantiles, in seasonal naive errors of the training part.

Koenker and Bassett (1978), "Regression quantiles".
"""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array
from seqlab.metrics.quantiles import QuantileMetric, pinball
from seqlab.registry import registered

CARD = {"tasks": ["forecast"]}


@registered
class Pinball(QuantileMetric):
    """Every quantile that was asked for counts alike."""

    higher_is_better = False
    space = "scaled"
    margin = 0.02
    relative_margin = True

    def score(self, values: Array, targets: Array, levels: Array) -> Array:
        return np.asarray(pinball(values, targets, levels).mean(axis=-1))
