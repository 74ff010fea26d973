"""All pairs of contestants: half-widths that hold together, and what their runs say beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from seqlab.compare.best import pair_contrasts, pair_index
from seqlab.compare.comparison import Pair
from seqlab.compare.contestants import Contestant
from seqlab.compare.seedwise import paired, sign_flip_p, superiority
from seqlab.compare.simultaneous import Joint
from seqlab.compare.variation import Variation
from seqlab.metrics.base import Array, Metric


def half_widths(variation: Variation, level: float, seed: int) -> Array:
    """Half-widths (q,) of the differences of all pairs, in `pair_index`'s order, that all hold with
    probability 1 − level; infinite where the test part is too short to decide.
    """
    joint = Joint.draw(variation, pair_contrasts(len(variation.names)), seed)
    widths = joint.together(level)
    return np.full_like(widths, np.inf) if variation.short else widths


def pairs_of(
    running: Sequence[Contestant],
    metric: Metric,
    variation: Variation,
    widths: Array,
    drawn: Array,
) -> Iterator[Pair]:
    """Every pair, with its interval; `drawn` (draws, n) is what the true means may be."""
    if len(running) < 2:
        return
    sign = 1.0 if metric.higher_is_better else -1.0
    for i, j, width in zip(*pair_index(len(running)), widths, strict=True):
        scores = (sign * variation.scores[i], sign * variation.scores[j])
        a, b = paired(running[i], running[j], scores)
        difference = float(variation.means[i] - variation.means[j])
        low, high = possible(difference + float(width) * np.array([-1.0, 1.0]), metric).tolist()
        yield Pair(
            running[i].name,
            running[j].name,
            difference,
            low,
            high,
            of_hundred(drawn[:, i], drawn[:, j]) if np.isfinite(width) else np.nan,
            *superiority(a, b),
            sign_flip_p(a - b),
        )


def of_hundred(ours: Array, theirs: Array) -> float:
    """In how many of 100 draws the one is above the other; a tie counts half."""
    return float(100 * np.mean((ours > theirs) + 0.5 * (ours == theirs)))


def possible(ends: Array, metric: Metric) -> Array:
    """Scores between 0 and 1 differ by 1 at most; what one seed cannot say stays infinite."""
    return np.where(np.isfinite(ends), ends.clip(-1, 1), ends) if metric.unit_range else ends
