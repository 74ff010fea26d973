"""Share of examples whose prediction is one of the accepted answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.registry import registered

CARD = {"tasks": ["span"]}


@registered
class ExactMatch(AdditiveMetric):
    """Statistics: 1 where the prediction equals an answer, and a count of 1.

    predictions: a string each; targets: the accepted strings of each, normalised alike by the task.
    """

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Any, targets: Any) -> Array:
        hits = [given in accepted for given, accepted in zip(predictions, targets, strict=True)]
        return np.stack([np.asarray(hits, dtype=np.float64), np.ones(len(hits))], axis=1)
