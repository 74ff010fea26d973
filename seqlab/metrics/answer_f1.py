"""Words shared by a predicted answer and an accepted one, as F1; the best of several answers.

Rajpurkar et al. (2016), "SQuAD: 100,000+ Questions for Machine Comprehension of Text".
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.registry import registered

CARD = {"tasks": ["span"]}


@registered
class AnswerF1(AdditiveMetric):
    """Statistics: an example's F1, and a count of 1.

    predictions: a string each; targets: the accepted strings of each, normalised alike by the
    task. An empty answer (there is none in the text) is right or wrong as a whole.
    """

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Any, targets: Any) -> Array:
        values = [
            max((_f1(given, wanted) for wanted in accepted), default=0.0)
            for given, accepted in zip(predictions, targets, strict=True)
        ]
        return np.stack([np.asarray(values, dtype=np.float64), np.ones(len(values))], axis=1)


def _f1(given: str, wanted: str) -> float:
    predicted, true = given.split(), wanted.split()
    if not predicted or not true:
        return float(predicted == true)
    shared = (Counter(predicted) & Counter(true)).total()
    return 2 * shared / (len(predicted) + len(true))
