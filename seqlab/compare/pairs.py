"""All pairs of contestants: half-widths that hold together, and what their runs say beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from seqlab.compare.best import Differences, pair_contrasts, pair_index
from seqlab.compare.comparison import Pair
from seqlab.compare.contestants import Contestant
from seqlab.compare.rules import Rules
from seqlab.compare.seedwise import paired, sign_flip_p, superiority
from seqlab.compare.simultaneous import Joint
from seqlab.compare.variation import Variation
from seqlab.metrics.base import Array, Metric


def differences_of(variation: Variation, metric: Metric, rules: Rules) -> Differences:
    """The differences of all contestants, higher being better, and what is shown of them."""
    better = variation.means if metric.higher_is_better else -variation.means
    joint = Joint.draw(variation, pair_contrasts(len(better)), rules.seed)
    return Differences.of(better, joint, rules.level_spent, bool(variation.short))


def pairs_of(
    running: Sequence[Contestant],
    metric: Metric,
    variation: Variation,
    differences: Differences,
    drawn: Array,
) -> Iterator[Pair]:
    """Every pair, with its interval; `drawn` (draws, n) is what the true means may be."""
    if len(running) < 2:
        return
    sign = 1.0 if metric.higher_is_better else -1.0
    for i, j in zip(*pair_index(len(running)), strict=True):
        scores = (sign * variation.scores[i], sign * variation.scores[j])
        a, b = paired(running[i], running[j], scores)
        ends = np.array([differences.low[i, j], differences.high[i, j]])
        low, high = possible(ends if sign > 0 else 0.0 - ends[::-1], metric).tolist()
        yield Pair(
            running[i].name,
            running[j].name,
            float(variation.means[i] - variation.means[j]),
            low,
            high,
            bool(differences.ahead[i, j] or differences.ahead[j, i]),
            of_hundred(drawn[:, i], drawn[:, j]) if np.isfinite([low, high]).all() else np.nan,
            *superiority(a, b),
            sign_flip_p(a - b),
        )


def of_hundred(ours: Array, theirs: Array) -> float:
    """In how many of 100 draws the one is above the other; a tie counts half."""
    return float(100 * np.mean((ours > theirs) + 0.5 * (ours == theirs)))


def possible(ends: Array, metric: Metric) -> Array:
    """Scores between 0 and 1 differ by 1 at most; what one seed cannot say stays infinite."""
    return np.where(np.isfinite(ends), ends.clip(-1, 1), ends) if metric.unit_range else ends
