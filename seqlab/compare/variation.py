"""The two sources of chance in a contestant's score: its seeds and the test examples.

Under the crossed model  score = mean + seed + example + seed×example  a mean over k seeds and
M examples varies by  a/k + b/M + e/(kM). The variance between the seeds' scores, divided by k,
estimates a/k + e/(kM); the covariance of the contestants' per-example means, divided by M,
estimates b/M + e/(kM). Their plain sum would count the residual e twice, so it is estimated too
and taken off once; the seeds' variance is never believed to be below it.

An additive metric's value moves with each example by a known amount, so its covariance is direct.
Any other metric is evaluated on bootstrap draws of the examples, the same draws for every
contestant and every seed, which keeps them paired. Examples that move together are drawn, and
counted, together (`dependence.py`).

A contestant's score is a weighted mean over its seeds: equal weights, or those of the best of
several restarts (`restarts.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.compare.contestants import Contestant, IntArray
from seqlab.compare.dependence import Clusters, Waves, Ways, ways_in_time, ways_of
from seqlab.compare.restarts import Kept
from seqlab.data.dependence import Dependence, InTime
from seqlab.errors import UserError
from seqlab.metrics.base import AdditiveMetric, Array, Metric

BOOTSTRAP_DRAWS = 1000
WEIGHTS_AT_ONCE = 10_000_000  # 80 MB
STEPS_AT_MOST = 400  # whose pull on a metric that is no sum is found one by one
NUDGE = 0.01  # of a weight, by which such a pull is found
BORROWED = 2.0  # degrees of freedom


@dataclass(frozen=True, eq=False)
class Part:
    """A covariance of the means (n, n) that was estimated on so many degrees of freedom."""

    covariance: Array
    freedom: int


@dataclass(frozen=True, eq=False)
class Variation:
    """The contestants' scores and what moves their means, in the order they were given."""

    names: tuple[str, ...]
    scores: tuple[Array, ...]  # the metric of each seed, (k,) each
    weights: tuple[Array, ...]  # of each seed in the contestant's score, (k,) each
    seeds: Array  # (n,) a/k + e/(kM); infinite where one seed of several possible ones is known
    residual: Array  # (n,) e/(kM), the share of `seeds` that `parts` hold too
    parts: tuple[Part, ...]  # from the choice of test examples
    seed_freedom: Array  # (n,) of `seeds`
    units: int  # independent test examples, or clusters of them
    unit: str = "test example"
    short: str = ""  # why the test examples can decide nothing

    @property
    def means(self) -> Array:
        """The contestants' scores over their seeds, (n,)."""
        return np.array([w @ s for w, s in zip(self.weights, self.scores, strict=True)])

    @property
    def examples(self) -> Array:
        """The covariance (n, n) of the means from the choice of test examples."""
        return np.asarray(sum(part.covariance for part in self.parts))

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


@dataclass(frozen=True, eq=False)
class Moved:
    """The scores of a contestant's seeds (k,), and how far each cluster moves them (k, ·)."""

    scores: Array
    pulls: Array


def estimate(
    contestants: Sequence[Contestant],
    metric: Metric,
    units: IntArray | Dependence | None,
    seed: int,
    *,
    kept: Kept = Kept(),
    unsteady: Collection[str] = (),
) -> Variation:
    """Scores and their variation for contestants that all have statistics.

    `units` gives a number per example, or says in which groups or where in time they lie;
    `kept` says which run of several is scored; the `unsteady` lend their variance to nobody.
    Raises: UserError where the metric is undefined on these test examples.
    """
    statistics = [c.statistics for c in contestants if c.statistics is not None]
    examples = statistics[0].shape[1]
    weights = [kept.weights(contestant, metric) for contestant in contestants]
    if isinstance(units, InTime):
        moved = _by_window(statistics, metric, units)
        _refuse_undefined(metric, moved, examples)
        means = np.stack([w @ one.pulls for w, one in zip(weights, moved, strict=True)])
        ways = ways_in_time(units, means)
        parts, residual = _in_time(moved, weights, ways)
    else:
        ways = ways_of(units, examples)
        moved = _moved(statistics, metric, ways.first, np.random.default_rng(seed))
        _refuse_undefined(metric, moved, examples)
        covariance, residual = _covariance(moved, weights)
        parts = [Part(covariance, ways.first.freedom)]
    scores = [one.scores for one in moved]
    if metric.unit_range:
        granted = granted_variance(examples) * np.eye(len(scores))
        parts[0] = Part(parts[0].covariance + granted, parts[0].freedom)
    effects = [kept.effects(c, metric, s) for c, s in zip(contestants, scores, strict=True)]
    chance = np.array([not contestant.deterministic for contestant in contestants])
    steady = np.array([contestant.name not in unsteady for contestant in contestants])
    seeds, freedom = _seed_variances(effects, chance, steady)
    return Variation(
        names=tuple(contestant.name for contestant in contestants),
        scores=tuple(scores),
        weights=tuple(weights),
        seeds=np.maximum(seeds, residual),
        residual=residual,
        parts=tuple(parts),
        seed_freedom=freedom,
        units=min([ways.first.count, *(way.count for way in (ways.second or ())[:1])]),
        unit=ways.first.unit,
        short=ways.short,
    )


def granted_variance(examples: int) -> float:
    """The variance of one error that was not seen, for values between 0 and 1.

    Without an error there is no spread, yet the next example may be one: each contestant is
    granted one of its own (compare the rule of three, and Agresti and Min 2005).
    """
    return 1 / examples**2


def _seed_variances(
    effects: Sequence[Array], chance: NDArray[np.bool_], steady: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Variances of the scores from the seeds, (n,), and their degrees of freedom, (n,).

    A variance of k values has k − 1 degrees of freedom. Where other contestants have chance too,
    the median of their variances counts as BORROWED more, and may only raise a variance: seeds
    that agree by luck are not believed, and three seeds are not as good as none. The median,
    because a contestant that varies more than the others is no reason to doubt them; one whose
    seeds came to nothing at times lends nothing.
    """
    runs = np.array([len(values) for values in effects])
    freedom = np.where(chance, runs - 1.0, 0.0)
    own = np.array([values.var(ddof=1) if len(values) > 1 else 0.0 for values in effects])
    variances = np.where(freedom > 0, own, np.where(chance, np.inf, 0.0))
    lending = (freedom > 0) & steady
    for i in np.flatnonzero(chance):
        others = np.delete(own, i)[np.delete(lending, i)]
        if len(others):
            lent = BORROWED * float(np.median(others))
            pooled = (freedom[i] * own[i] + lent) / (freedom[i] + BORROWED)
            variances[i] = max(pooled, own[i])
    lent_to = np.array([np.delete(lending, i).any() for i in range(len(runs))])
    return variances / runs, np.where(chance & lent_to, freedom + BORROWED, freedom)


def _in_time(
    moved: Sequence[Moved], weights: Sequence[Array], ways: Ways
) -> tuple[list[Part], Array]:
    """Covariances of the scores from the choice of windows, and their residual part (n,)."""

    def along(way: Clusters | Waves) -> tuple[Array, Array]:
        return _covariance([Moved(one.scores, way.terms(one.pulls)) for one in moved], weights)

    seen = 1 - ways.missed
    covariance, residual = along(ways.first)
    if ways.second is None:
        scale = seen if isinstance(ways.first, Waves) else 1.0
        return [Part(covariance / scale, ways.first.freedom)], residual / scale
    together, cells = ways.second
    # What the two ways share is counted once; what is left must stay a covariance.
    common = _positive((along(together)[0] - along(cells)[0]) / seen)
    return [Part(covariance, ways.first.freedom), Part(common, together.freedom)], residual


def _covariance(moved: Sequence[Moved], weights: Sequence[Array]) -> tuple[Array, Array]:
    """The covariance (n, n) of the weighted means, and what their seeds' own errors add (n,)."""
    means = np.stack([w @ one.pulls for w, one in zip(weights, moved, strict=True)])
    residual = [_residual_variance(one.pulls, w) for one, w in zip(moved, weights, strict=True)]
    return means @ means.T, np.array(residual)


def _residual_variance(pulls: Array, weights: Array) -> float:
    """What the seeds' pulls (k, ·) leave around their mean, as a variance of the weighted mean."""
    runs = len(pulls)
    if runs < 2:
        return 0.0
    within = float(np.square(pulls - pulls.mean(axis=0)).sum()) / (runs - 1)
    return within * float(weights @ weights)


def _positive(matrix: Array) -> Array:
    """The nearest matrix without negative variances."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _moved(
    statistics: Sequence[Array], metric: Metric, way: Clusters | Waves, rng: np.random.Generator
) -> list[Moved]:
    if isinstance(metric, AdditiveMetric):
        return [Moved(scores, way.terms(pulls)) for scores, pulls in map(_ratio, statistics)]
    assert isinstance(way, Clusters)
    return _resampled(statistics, metric, way, rng)


def _ratio(values: Array) -> tuple[Array, Array]:
    """Scores (k,) of statistics (k, examples, 2), and how far each example pulls them."""
    total, count = values[..., 0], values[..., 1]
    counted = count.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = total.sum(axis=1, keepdims=True) / counted
        return score[:, 0], (total - score * count) / counted


def _resampled(
    statistics: Sequence[Array], metric: Metric, clusters: Clusters, rng: np.random.Generator
) -> list[Moved]:
    """Per contestant: scores (k,), and their deviations on bootstrap draws (k, draws).

    Draws on which the metric is undefined (a class that was not drawn) are left out for all.
    """
    units = clusters.count
    runs = [run for values in statistics for run in values]
    draws = []
    at_once = max(1, WEIGHTS_AT_ONCE // len(clusters.labels))
    for first in range(0, BOOTSTRAP_DRAWS, at_once):
        size = min(at_once, BOOTSTRAP_DRAWS - first)
        counts = rng.multinomial(units, np.full(units, 1 / units), size)
        weights = counts[:, clusters.labels].astype(np.float64)  # (draws, examples)
        draws.append(np.stack([metric.reduce(run, weights) for run in runs]))
    values = np.concatenate(draws, axis=1)  # (runs of all contestants, draws)
    values = values[:, np.isfinite(values).all(axis=0)]
    if values.shape[1] < BOOTSTRAP_DRAWS / 2:
        values = np.full((len(runs), 1), np.nan)
    deviations = values - values.mean(axis=1, keepdims=True)
    deviations *= np.sqrt(units / max(units - 1, 1) / values.shape[1])
    scores = np.array([metric.value(run) for run in runs])
    ends = np.cumsum([len(values) for values in statistics])[:-1]
    return [
        Moved(*both)
        for both in zip(np.split(scores, ends), np.split(deviations, ends), strict=True)
    ]


def _by_window(statistics: Sequence[Array], metric: Metric, windows: InTime) -> list[Moved]:
    """Scores (k,), and how far each window moves them (k, windows).

    A metric that is no sum is moved by all windows of some moment at once, and these share it.
    """
    if isinstance(metric, AdditiveMetric):
        return [Moved(*_ratio(values)) for values in statistics]
    steps = np.unique(windows.step, return_inverse=True)[1]
    moment = steps * min(STEPS_AT_MOST, int(steps.max()) + 1) // (int(steps.max()) + 1)
    together = np.bincount(moment)
    more = 1.0 + NUDGE * (moment == np.arange(len(together))[:, None])  # (moments, windows)
    moved = []
    for values in statistics:
        scores = np.array([metric.value(run) for run in values])
        nudged = np.stack([metric.reduce(run, more) for run in values])  # (k, moments)
        moved.append(Moved(scores, ((nudged - scores[:, None]) / NUDGE / together)[:, moment]))
    return moved


def _refuse_undefined(metric: Metric, moved: Sequence[Moved], examples: int) -> None:
    if any(np.isnan(values).any() for one in moved for values in (one.scores, one.pulls)):
        raise UserError(
            f"metric {metric.name}: undefined on these {examples} test examples",
            "use a larger test part or another metric",
        )
