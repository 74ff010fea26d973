"""Pairs of words that a summary shares with its reference (ROUGE-2), the mean F-score."""

from __future__ import annotations

from typing import Any

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.rouge import f_scores, shared_ngrams
from seqlab.registry import registered

CARD = {"tasks": ["translate"]}


@registered
class Rouge2(AdditiveMetric):
    """Statistics: F-score, and a count of one."""

    higher_is_better = True
    space = "text"
    unit_range = True

    def collect(self, predictions: Any, targets: Any) -> Array:
        """Of texts (n) and texts (n): (n, 2)."""
        return f_scores(predictions, targets, shared_ngrams(2))
