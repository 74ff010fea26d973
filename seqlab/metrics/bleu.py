"""BLEU of a corpus, 0 to 100, as sacrebleu computes it.

    BLEU = BP · exp(¼ Σ_n log p_n),   n = 1 … 4
    p_n  = matched n-grams / written n-grams, over all sentences
    BP   = min(1, exp(1 − r/c))                   r and c: words of references and of outputs

An order without a match counts as 1/(2^k · written), k being how many such orders came so far.

Papineni et al. (2002); statistics and tokens are those of Post (2018), arXiv:1804.08771.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.registry import registered

CARD = {"tasks": ["translate"]}

LONGEST_NGRAM = 4


@registered
class Bleu(Metric):
    """Statistics: words written, words of the reference, then matches and n-grams of each order."""

    higher_is_better = True
    space = "text"
    margin = 1.0
    of_corpus = True

    @property
    def signature(self) -> str:
        """What sacrebleu says of how it was obtained."""
        return signature(_sacrebleu())

    def collect(self, predictions: Any, targets: Any) -> Array:
        """Of texts (n) and texts (n): (n, 10)."""
        counted = _sacrebleu()._extract_corpus_statistics(list(predictions), [list(targets)])
        return np.asarray(counted, dtype=np.float64).reshape(-1, 2 + 2 * LONGEST_NGRAM)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        """From the sums over sentences."""
        sums = weights @ statistics  # (draws, 10)
        written, wanted = sums[:, 0], sums[:, 1]
        matched, total = sums[:, 2 : 2 + LONGEST_NGRAM], sums[:, 2 + LONGEST_NGRAM :]
        missed = np.cumsum(matched == 0, axis=1)
        counted = np.where(matched > 0, matched, 0.5**missed)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(total > 0, np.log(counted / total), -np.inf).mean(axis=1)
            brevity = np.minimum(0.0, 1 - wanted / written)
            scores = 100 * np.exp(logs + brevity)
        return np.where(matched.any(axis=1), scores, 0.0)


def signature(metric: Any) -> str:
    """sacrebleu's signature of one of its metrics with one reference a sentence."""
    metric.corpus_score(["a"], [["a"]])  # the number of references is part of it
    return str(metric.get_signature())


def _sacrebleu() -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(force=True)  # that words are divided as in the references is ours to see to
