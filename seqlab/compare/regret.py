"""What a choice is expected to give away: how far it is truly behind the best of the contenders.

The observed means are what they are partly by luck, the best one's most of all. True means are
therefore drawn from what the observed ones say *and* from how contenders vary among each other
(a normal prior whose spread is estimated from them, as in empirical Bayes; Efron and Morris, 1975).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqlab.compare.best import pair_contrasts
from seqlab.compare.comparison import Comparison
from seqlab.metrics.base import Array

DRAWS = 4000
LEAST_SPREAD = 0.25  # of the variance of a mean: contenders that look equal are not taken to be
AT_MOST = 0.95


@dataclass(frozen=True)
class Regret:
    """In the metric's units: on average, and what it exceeds in one case of twenty."""

    average: float
    at_most: float


def expected_regret(
    comparison: Comparison, chosen: str, contenders: Sequence[str]
) -> Regret | None:
    """The regret of a choice among contenders; None where a single seed says nothing of chance."""
    variation = comparison.variation
    if variation is None or comparison.short or len(contenders) < 2:
        return None
    rows = [variation.names.index(name) for name in contenders]
    if not np.isfinite(variation.seeds[rows]).all():
        return None
    covariance = variation.examples[np.ix_(rows, rows)] + np.diag(variation.beyond[rows])
    means = variation.means[rows]
    drawn = _likely(means if comparison.higher_is_better else -means, covariance)
    behind = drawn.max(axis=1) - drawn[:, list(contenders).index(chosen)]
    return Regret(float(behind.mean()), float(np.quantile(behind, AT_MOST)))


def _likely(means: Array, covariance: Array) -> Array:
    """Draws of the true means (draws, n), shrunk towards each other by as much as chance explains.

    With a flat prior on their level, the posterior has precision V⁻¹ + (I − 11ᵀ/n)/τ².
    """
    count = len(means)
    contrasts = pair_contrasts(count)
    noise = np.einsum("qi,ij,qj->q", contrasts, covariance, contrasts)
    spread = float((np.square(contrasts @ means) - noise).mean()) / 2
    least = LEAST_SPREAD * float(noise.mean()) / 2
    prior = (np.eye(count) - 1 / count) / max(spread, least, 1e-12)
    ridge = 1e-9 * float(np.trace(covariance)) / count + 1e-18
    precision = np.linalg.inv(covariance + ridge * np.eye(count))
    posterior = np.linalg.inv(precision + prior)
    centre = posterior @ precision @ means
    root = np.linalg.cholesky(posterior + 1e-15 * np.eye(count))
    normal = np.random.default_rng(0).standard_normal((DRAWS, count))
    return np.asarray(centre + normal @ root.T)
