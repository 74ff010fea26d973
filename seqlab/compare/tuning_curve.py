"""Expected validation performance: the best of n trials, from B trials that were run.

Dodge et al. (2019), "Show Your Work": trials drawn with replacement (plug-in, biased downwards,
little variance). Tang et al. (2020), "Showing Your Work Doesn't Always Work": without replacement
(unbiased, more variance near B).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from seqlab.metrics.base import Array

Form = Literal["plug-in", "unbiased"]


def tuning_curve(values: Sequence[float], higher_is_better: bool, form: Form = "plug-in") -> Array:
    """Expected best validation value of n = 1 … B trials, (B,). Show it up to B/2.

    A trial that failed is a NaN: it ranks last and counts as the worst value seen, for a budget
    spent on it was spent. All NaN gives NaN.
    """
    trials = np.asarray(values, dtype=np.float64)
    count = len(trials)
    if count == 0 or np.isnan(trials).all():
        return np.full(count, np.nan)
    signed = trials if higher_is_better else -trials
    signed = np.sort(np.where(np.isnan(signed), np.nanmin(signed), signed))  # worst first
    rank, budget = np.arange(1, count + 1), np.arange(1, count + 1)[:, None]
    if form == "plug-in":
        chances = (rank / count) ** budget - ((rank - 1) / count) ** budget  # (n, B)
    else:
        chances = _best_of_subset(count)
    expected = chances @ signed
    return np.asarray(expected if higher_is_better else -expected)


def _best_of_subset(count: int) -> Array:
    """Chance C(i−1, n−1)/C(B, n) that the i-th is the best of n out of B, (n, B)."""
    chances = np.zeros((count, count))
    for budget in range(1, count + 1):
        # The largest is in with chance n/B; each next one down must be the largest of those left.
        chance = budget / count
        for rank in range(count, budget - 1, -1):
            chances[budget - 1, rank - 1] = chance
            chance *= (rank - budget) / max(rank - 1, 1)
    return chances
