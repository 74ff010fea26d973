"""The two sources of chance in a contestant's mean score: its seeds and the test examples.

Under the crossed model  score = mean + seed + example + seed×example  a mean over k seeds and
M examples varies by  a/k + b/M + e/(kM). The variance between the seeds' scores, divided by k,
estimates a/k + e/(kM); the covariance of the contestants' per-example means, divided by M,
estimates b/M + e/(kM). Their plain sum would count the residual e twice, so it is estimated too
and taken off once; the seeds' variance is never believed to be below it.

An additive metric's value moves with each example by a known amount, so its covariance is direct.
Any other metric is evaluated on bootstrap draws of the examples, the same draws for every
contestant and every seed, which keeps them paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.compare.contestants import Contestant, IntArray
from seqlab.errors import UserError
from seqlab.metrics.base import AdditiveMetric, Array, Metric

BOOTSTRAP_DRAWS = 1000
WEIGHTS_AT_ONCE = 10_000_000  # 80 MB
BORROWED = 2.0  # degrees of freedom


@dataclass(frozen=True, eq=False)
class Variation:
    """The contestants' scores and what moves their means, in the order they were given."""

    names: tuple[str, ...]
    scores: tuple[Array, ...]  # the metric of each seed, (k,) each
    seeds: Array  # (n,) a/k + e/(kM); infinite where one seed of several possible ones is known
    residual: Array  # (n,) e/(kM), the share of `seeds` that `examples` holds too
    examples: Array  # (n, n) covariance of the means from the choice of test examples
    seed_freedom: Array  # (n,) of `seeds`
    units: int  # independent test examples, or blocks of them

    @property
    def means(self) -> Array:
        """The contestants' mean scores, (n,)."""
        return np.array([scores.mean() for scores in self.scores])

    @property
    def beyond(self) -> Array:
        """The seeds' variance beyond what the covariance over examples already holds, (n,)."""
        return np.maximum(self.seeds - self.residual, 0.0)

    def variances(self, contrasts: Array) -> Array:
        """Variances of linear contrasts (q, n) of the means → (q,)."""
        from_seeds = np.zeros(contrasts.shape)
        np.multiply(contrasts**2, self.beyond, out=from_seeds, where=contrasts != 0)  # 0·∞ is 0
        from_examples = np.einsum("qi,ij,qj->q", contrasts, self.examples, contrasts)
        return np.asarray(from_seeds.sum(axis=1) + np.maximum(from_examples, 0.0))


def estimate(
    contestants: Sequence[Contestant], metric: Metric, blocks: IntArray | None, seed: int
) -> Variation:
    """Scores and their variation for contestants that all have statistics.

    `blocks` gives a block id per example; examples of one block move together.
    Raises: UserError where the metric is undefined on these test examples.
    """
    statistics = [c.statistics for c in contestants if c.statistics is not None]
    examples = statistics[0].shape[1]
    block_of, units = np.arange(examples), examples
    if blocks is not None:
        found, block_of = np.unique(blocks, return_inverse=True)
        units = len(found)
    if isinstance(metric, AdditiveMetric):
        scores, pulls = _additive(statistics, block_of, units)
    else:
        scores, pulls = _resampled(statistics, metric, block_of, np.random.default_rng(seed))
    if any(np.isnan(values).any() for values in (*scores, *pulls)):
        raise UserError(
            f"metric {metric.name}: undefined on these {examples} test examples",
            "use a larger test part or another metric",
        )
    residual = np.array([_residual_variance(pull) for pull in pulls])
    chance = np.array([not contestant.deterministic for contestant in contestants])
    seeds, freedom = _seed_variances(scores, chance)
    mean_pulls = np.stack([pull.mean(axis=0) for pull in pulls])  # (n, units or draws)
    covariance = mean_pulls @ mean_pulls.T
    if metric.unit_range:
        covariance += granted(units) * np.eye(len(scores))
    return Variation(
        names=tuple(contestant.name for contestant in contestants),
        scores=tuple(scores),
        seeds=np.maximum(seeds, residual),
        residual=residual,
        examples=covariance,
        seed_freedom=freedom,
        units=units,
    )


def granted(units: int) -> float:
    """The variance of one error that was not seen, for values between 0 and 1.

    Without an error there is no spread, yet the next example may be one: each contestant is
    granted one of its own (compare the rule of three, and Agresti and Min 2005).
    """
    return 1 / units**2


def _seed_variances(scores: Sequence[Array], chance: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Variances of the means from the seeds, (n,), and their degrees of freedom, (n,).

    A variance of k scores has k − 1 degrees of freedom. Where other contestants have chance too,
    their mean variance counts as BORROWED more, and may only raise a variance: seeds that agree by
    luck are not believed, and three seeds are not as good as none.
    """
    runs = np.array([len(values) for values in scores])
    freedom = np.where(chance, runs - 1.0, 0.0)
    own = np.array([values.var(ddof=1) if len(values) > 1 else 0.0 for values in scores])
    variances = np.where(freedom > 0, own, np.where(chance, np.inf, 0.0))
    for i in np.flatnonzero(chance):
        others = np.delete(own, i)[np.delete(freedom, i) > 0]
        if len(others):
            pooled = (freedom[i] * own[i] + BORROWED * others.mean()) / (freedom[i] + BORROWED)
            variances[i] = max(pooled, own[i])
    lent = np.array([(np.delete(freedom, i) > 0).any() for i in range(len(runs))])
    return variances / runs, np.where(chance & lent, freedom + BORROWED, freedom)


def _residual_variance(pulls: Array) -> float:
    """What the seeds' pulls (k, ·) leave around their mean, as a variance of that mean."""
    runs = len(pulls)
    return float(np.square(pulls - pulls.mean(axis=0)).sum()) / max(runs * (runs - 1), 1)


def _additive(
    statistics: Sequence[Array], block_of: IntArray, units: int
) -> tuple[list[Array], list[Array]]:
    """Per contestant: scores (k,), and how far each block pulls them (k, units).

    The value is a ratio of sums R = ΣT/ΣN; a block moves it by (T − R·N)/ΣN to first order.
    """
    order = np.argsort(block_of, kind="stable")
    starts = np.flatnonzero(np.diff(block_of[order], prepend=-1))
    scores, pulls = [], []
    for values in statistics:
        sums = values if units == len(block_of) else np.add.reduceat(values[:, order], starts, 1)
        total, count = sums[..., 0], sums[..., 1]  # (k, units)
        counted = count.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            score = total.sum(axis=1, keepdims=True) / counted
            pulls.append((total - score * count) / counted * np.sqrt(units / (units - 1)))
        scores.append(score[:, 0])
    return scores, pulls


def _resampled(
    statistics: Sequence[Array], metric: Metric, block_of: IntArray, rng: np.random.Generator
) -> tuple[list[Array], list[Array]]:
    """Per contestant: scores (k,), and their deviations on bootstrap draws (k, draws).

    Draws on which the metric is undefined (a class that was not drawn) are left out for all.
    """
    units = block_of.max() + 1
    runs = [run for values in statistics for run in values]
    draws = []
    at_once = max(1, WEIGHTS_AT_ONCE // len(block_of))
    for first in range(0, BOOTSTRAP_DRAWS, at_once):
        size = min(at_once, BOOTSTRAP_DRAWS - first)
        counts = rng.multinomial(units, np.full(units, 1 / units), size)
        weights = counts[:, block_of].astype(np.float64)  # (draws, examples)
        draws.append(np.stack([metric.reduce(run, weights) for run in runs]))
    values = np.concatenate(draws, axis=1)  # (runs of all contestants, draws)
    values = values[:, np.isfinite(values).all(axis=0)]
    if values.shape[1] < BOOTSTRAP_DRAWS / 2:
        values = np.full((len(runs), 1), np.nan)
    deviations = values - values.mean(axis=1, keepdims=True)
    deviations *= np.sqrt(units / (units - 1) / values.shape[1])
    scores = np.array([metric.value(run) for run in runs])
    ends = np.cumsum([len(values) for values in statistics])[:-1]
    return np.split(scores, ends), np.split(deviations, ends)
