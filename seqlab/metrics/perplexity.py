"""Among how many equally probable tokens a model seems to choose; it depends on the tokeniser.

exp(mean negative log-probability of a token)
"""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.registry import registered

CARD = {"tasks": ["language"]}


@registered
class Perplexity(Metric):
    """Statistics: an example's negative log-probability in nats, and its tokens."""

    higher_is_better = False
    space = "tokens"
    margin = 0.01
    relative_margin = True
    summed = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        nats = np.asarray(predictions, dtype=np.float64)
        return np.stack([nats, np.asarray(targets, dtype=np.float64)], axis=1)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        totals = weights @ statistics  # (draws, 2)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return np.asarray(np.exp(totals[:, 0] / totals[:, 1]))
