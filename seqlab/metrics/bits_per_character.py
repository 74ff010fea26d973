"""Bits that a model needs for each character of a text: the same yardstick for every tokeniser."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.registry import registered

CARD = {"tasks": ["language"]}


@registered
class BitsPerCharacter(AdditiveMetric):
    """Statistics: an example's bits, and its characters.

    Predictions are the examples' code lengths in nats, what is not in the vocabulary spelled out.
    """

    higher_is_better = False
    space = "characters"
    margin = 0.01

    def collect(self, predictions: Array, targets: Array) -> Array:
        nats = np.asarray(predictions, dtype=np.float64)
        return np.stack([nats / np.log(2), np.asarray(targets, dtype=np.float64)], axis=1)
