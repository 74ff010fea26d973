"""chrF of a corpus, 0 to 100, as sacrebleu computes it: F-score of character n-grams.

    chrF = 5 P R / (4 P + R)                                   β = 2: recall counts twice
    P, R = means over n = 1 … 6 of matched / written and matched / wanted character n-grams

Spaces do not count. It needs no words, so it serves every script and short strings too.

Popović (2015); statistics are those of Post (2018), arXiv:1804.08771.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.bleu import signature
from seqlab.registry import registered

CARD = {"tasks": ["translate"]}

LONGEST_NGRAM = 6  # characters
BETA_SQUARED = 4.0


@registered
class Chrf(Metric):
    """Statistics: n-grams written, wanted and matched, for each order."""

    higher_is_better = True
    space = "text"
    margin = 1.0

    @property
    def signature(self) -> str:
        """What sacrebleu says of how it was obtained."""
        return signature(_sacrebleu())

    def collect(self, predictions: Any, targets: Any) -> Array:
        """Of texts (n) and texts (n): (n, 18)."""
        counted = _sacrebleu()._extract_corpus_statistics(list(predictions), [list(targets)])
        return np.asarray(counted, dtype=np.float64).reshape(-1, 3 * LONGEST_NGRAM)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        """From the sums over sentences; an order that one side lacks is left out."""
        sums = (weights @ statistics).reshape(-1, LONGEST_NGRAM, 3)
        written, wanted, matched = np.moveaxis(sums, 2, 0)  # (draws, orders)
        both = (written > 0) & (wanted > 0)
        orders = np.maximum(both.sum(axis=1), 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.where(both, matched / written, 0).sum(axis=1) / orders
            recall = np.where(both, matched / wanted, 0).sum(axis=1) / orders
            scores = (
                100 * (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
            )
        return np.where(precision + recall > 0, scores, 0.0)


def _sacrebleu() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()
