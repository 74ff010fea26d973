"""What runs alone say about two contestants: shown beside the decision, never instead of it."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np

from seqlab.compare.contestants import Contestant
from seqlab.metrics.base import Array

BOOTSTRAP_DRAWS = 2000
EXACT_SEEDS = 12  # 4,096 sign patterns; more seeds are sampled
SAMPLED_PATTERNS = 10_000


def paired(
    first: Contestant, second: Contestant, scores: tuple[Array, Array]
) -> tuple[Array, Array]:
    """The scores of matching seeds, (k,) each; a deterministic contestant matches every seed."""
    a, b = scores
    if first.deterministic or second.deterministic:
        a, b = np.broadcast_arrays(a, b)
    elif first.seeds and second.seeds:
        shared = sorted(set(first.seeds) & set(second.seeds))
        a = a[[first.seeds.index(seed) for seed in shared]]
        b = b[[second.seeds.index(seed) for seed in shared]]
    fewest = min(len(a), len(b))
    return a[:fewest], b[:fewest]


def superiority(a: Array, b: Array, seed: int = 0) -> tuple[float, float, float]:
    """P(a > b) + ½ P(a = b) over pairs of runs (Bouthillier et al. 2021), with a 95 % interval
    by a bootstrap of the pairs; NaN bounds where there are fewer than two pairs.
    """
    wins = (a > b) + 0.5 * (a == b)
    if len(wins) < 2:
        return (float(wins.mean()) if len(wins) else np.nan), np.nan, np.nan
    rng = np.random.default_rng(seed)
    values = np.array([0.0, 0.5, 1.0])
    shares = (wins[:, None] == values).mean(axis=0)
    means = rng.multinomial(len(wins), shares, size=BOOTSTRAP_DRAWS) @ values / len(wins)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(wins.mean()), float(low), float(high)


def sign_flip_p(differences: Array, seed: int = 0) -> float:
    """Two-sided p value of a mean difference of 0, if each pair's sign were a coin's throw."""
    count = len(differences)
    if count == 0:
        return np.nan
    if count <= EXACT_SEEDS:
        signs = _all_signs(count)
    else:
        rng = np.random.default_rng(seed)
        signs = rng.choice((-1.0, 1.0), size=(SAMPLED_PATTERNS, count))
        signs[0] = 1.0  # what was seen is one of the patterns
    reached = np.abs(signs @ differences)
    return float((reached >= abs(differences.sum()) * (1 - 1e-9)).mean())


@lru_cache
def _all_signs(count: int) -> Array:
    """All patterns of signs, (2^count, count)."""
    return np.array(list(itertools.product((-1.0, 1.0), repeat=count)))
