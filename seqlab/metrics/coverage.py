"""Share of the targets that lie within the widest forecast interval; see what was asked for.

An interval of 80 % should hold 80 % of what comes: more is caution, less is overconfidence.
"""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array
from seqlab.metrics.quantiles import QuantileMetric
from seqlab.registry import registered

CARD = {"tasks": ["forecast"]}


@registered
class Coverage(QuantileMetric):
    """Between the lowest and the highest quantile, both included."""

    higher_is_better = True
    unit_range = True
    margin = 0.02

    def score(self, values: Array, targets: Array, levels: Array) -> Array:
        inside = (values[..., 0] <= targets) & (targets <= values[..., -1])
        return np.where(np.isnan(values).any(axis=-1), np.nan, inside)
