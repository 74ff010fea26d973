"""Studies that could have been, and what is true in them.

`Crossed` draws from the normal two-way model of which the estimates are made, `Logistic` from one
that is not: abilities, difficulties and affinities on a logistic scale, skewed and heavy-tailed.
`Windows` are forecast errors that follow on each other and that strike several series at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, ndtr, ndtri, owens_t

from seqlab.compare.contestants import Contestant, IntArray
from seqlab.data.dependence import Dependence, InTime
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.base import Array, Metric
from seqlab.metrics.mae import Mae

ERROR_SPREAD = 0.7  # of an error's logarithm
CHANCE_LEVEL = 0.5  # of the trivial baseline
VALIDATION_SD = 0.01  # of a validation score, beside what the seed itself is worth
SEEDS_DRAWN = 200_000  # for the true score of the best of several runs
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


@dataclass(frozen=True, eq=False)
class Study:
    """A study as it was drawn.

    `true` are its contestants' true scores where they are not those of every draw.
    """

    contestants: list[Contestant]
    blocks: IntArray | Dependence | None = None
    trivial: Array | None = None
    true: Mapping[str, float] | None = None


class World(Protocol):
    """Studies of one kind; `name` says which in a table."""

    @property
    def name(self) -> str:
        """What is special about it."""

    @property
    def metric(self) -> Metric:
        """The metric whose true values are known."""

    def draw(self, rng: np.random.Generator) -> Study:
        """One study."""

    def truth(self, restarts: int) -> Mapping[str, float]:
        """The true scores, of a mean run (1) or of the best of several."""


@dataclass(frozen=True)
class Crossed:
    """Right or wrong by  threshold + seed effect + difficulty + affinity + residual > 0, normal.

    Difficulty belongs to the example alone, affinity to the contestant and the example. Their
    shares follow from how often two runs of one contestant, and of two contestants, disagree, so
    that the true accuracies are known exactly. Errors are the exponential of the same sum.

    values         true accuracies (or mean errors), one per contestant
    deterministic  how many of them, from the last, have no seeds
    disagreement   share of examples on which runs of two contestants differ, at values[0]
    own            the same for two runs of one contestant
    seed_sd        of the accuracy (or relative to the mean error), beyond what the examples make
    scales         times that, for each contestant
    collapse       the share of runs that end at the trivial level, for each contestant
    heavy          seed effects with the tails of Student's t of four degrees
    groups         how many groups the examples come in; 0: none
    group_sd       of a contestant's accuracy between groups
    tuning_sd      by which the settings that tuning found are better or worse than its average
    """

    name: str
    values: tuple[float, ...]
    seeds: int = 8
    examples: int = 2000
    deterministic: int = 0
    disagreement: float = 0.17
    own: float = 0.11
    seed_sd: float = 0.005
    errors: bool = False
    scales: tuple[float, ...] = ()
    collapse: tuple[float, ...] = ()
    heavy: bool = False
    groups: int = 0
    group_sd: float = 0.0
    families: tuple[str, ...] = ()

    @property
    def metric(self) -> Metric:
        """The metric whose true values are known."""
        return Mae() if self.errors else Accuracy()

    def truth(self, restarts: int) -> Mapping[str, float]:
        """The true scores, of a mean run (1) or of the best of several."""
        return {f"c{i}": self._true(i, restarts) for i in range(len(self.values))}

    def draw(self, rng: np.random.Generator, seeds: int | None = None) -> Study:
        """One study's contestants; with more seeds the first ones stay what they were."""
        between, within, _ = self._shares()
        apart = rng.spawn(len(self.values))
        difficulty = rng.normal(0.0, np.sqrt(between), self.examples)
        block = np.arange(self.examples) * max(self.groups, 1) // self.examples
        contestants = []
        for number in range(len(self.values)):
            own = apart[number]
            runs = 1 if self._fixed(number) else seeds or self.seeds
            rest = np.sqrt(max(1 - within - self._seed_share(number), 0))
            affinity = own.normal(0.0, np.sqrt(within - between), self.examples)
            if self.groups:
                shift = own.normal(0.0, self.group_sd / self._slope, self.groups)
                affinity = affinity + shift[block]
            effect, total = np.empty(runs), np.empty((runs, self.examples))
            for run in range(runs):
                effect[run] = self._effects(own, number, 1)[0]
                residual = own.normal(0.0, rest, self.examples)
                total[run] = effect[run] + difficulty + affinity + residual  # variance 1
            contestants.append(self._contestant(number, total, effect, own))
        trivial = rng.random(self.examples) < CHANCE_LEVEL
        return Study(
            contestants,
            block if self.groups else None,
            None if self.errors else _counted(trivial.astype(np.float64)),
        )

    def _contestant(
        self, number: int, total: Array, effect: Array, rng: np.random.Generator
    ) -> Contestant:
        runs = len(total)
        if self.errors:
            outcome = self.values[number] * np.exp(ERROR_SPREAD * total - ERROR_SPREAD**2 / 2)
            validation = -effect
        else:
            wide = np.sqrt(1 + self._group_variance)  # keeps the mean over groups what it is
            outcome = (ndtri(self.values[number]) * wide + total > 0).astype(np.float64)
            collapsed = rng.random(runs) < self._collapse(number)
            coins = (rng.random(outcome.shape) < CHANCE_LEVEL).astype(np.float64)
            outcome = np.where(collapsed[:, None], coins, outcome)
            validation = self._validation(number, effect, collapsed, rng)
        return Contestant(
            f"c{number}",
            _counted(outcome),
            deterministic=self._fixed(number),
            validation=tuple(validation.tolist()),
            families=(self.families[number],) if self.families else (),
        )

    def _validation(
        self, number: int, effect: Array, collapsed: NDArray[np.bool_], rng: np.random.Generator
    ) -> Array:
        share = self._seed_share(number)
        worth = ndtr((ndtri(self.values[number]) + effect) / np.sqrt(1 - share))
        worth = np.where(collapsed, CHANCE_LEVEL, worth)
        return np.asarray(worth + rng.normal(0.0, VALIDATION_SD, len(effect)))

    def _true(self, number: int, restarts: int) -> float:
        if self._fixed(number) or (restarts == 1 and not self._collapse(number)):
            return self.values[number]
        return _best_of(self, number, restarts)

    def _effects(self, rng: np.random.Generator, number: int, runs: int) -> Array:
        drawn = rng.standard_t(4, runs) / np.sqrt(2) if self.heavy else rng.normal(0.0, 1.0, runs)
        return np.asarray(np.sqrt(self._seed_share(number)) * drawn)

    def _fixed(self, number: int) -> bool:
        return number >= len(self.values) - self.deterministic

    def _collapse(self, number: int) -> float:
        return self.collapse[number] if self.collapse else 0.0

    def _seed_share(self, number: int) -> float:
        if self._fixed(number):
            return 0.0
        scale = self.scales[number] if self.scales else 1.0
        return min(self._shares()[2] * scale**2, 0.5)

    @property
    def _slope(self) -> float:
        h = float(ndtri(self.values[0]))
        return float(np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi))

    @property
    def _group_variance(self) -> float:
        return (self.group_sd / self._slope) ** 2 if self.groups else 0.0

    def _shares(self) -> tuple[float, float, float]:
        """Correlations between contestants and between seeds, and the seed effect's share."""
        if self.errors:
            return 1 - self.disagreement, 1 - self.own, (self.seed_sd / ERROR_SPREAD) ** 2
        h = float(ndtri(self.values[0]))
        between, within = (_correlation(h, d) for d in (self.disagreement, self.own))
        return between, within, float(self.seed_sd / self._slope) ** 2


@lru_cache(maxsize=256)
def _best_of(world: Crossed, number: int, restarts: int) -> float:
    """The true score of the best of several runs by validation, from many seeds."""
    rng = np.random.default_rng(1)
    effect = world._effects(rng, number, restarts * SEEDS_DRAWN)
    collapsed = rng.random(len(effect)) < world._collapse(number)
    share = world._seed_share(number)
    worth = ndtr((ndtri(world.values[number]) + effect) / np.sqrt(1 - share))
    worth = np.where(collapsed, CHANCE_LEVEL, worth)
    seen = worth + rng.normal(0.0, VALIDATION_SD, len(effect))
    seen, worth = seen.reshape(-1, restarts), worth.reshape(-1, restarts)
    return float(np.take_along_axis(worth, seen.argmax(axis=1)[:, None], axis=1).mean())


@lru_cache(maxsize=64)
def _correlation(h: float, disagreement: float) -> float:
    """Correlation at which two normals fall on different sides of −h that often (Owen 1956)."""

    def excess(rho: float) -> float:
        return float(4 * owens_t(h, np.sqrt((1 - rho) / (1 + rho)))) - disagreement

    return float(brentq(excess, -0.999, 0.999999))


def _counted(outcome: Array) -> Array:
    return np.stack([outcome, np.ones_like(outcome)], axis=-1)


@dataclass(frozen=True)
class Logistic:
    """Right with chance σ(ability + seed + difficulty + affinity), each run on its own.

    Difficulties are skewed (a few examples are hard for all), affinities have heavy tails, the
    last `deterministic` contestants have one run. Only the gaps between true accuracies are set.
    """

    name: str
    values: tuple[float, ...]
    seeds: int = 8
    examples: int = 2000
    deterministic: int = 0
    seed_sd: float = 0.04  # on the logistic scale: about half a point of accuracy
    scales: tuple[float, ...] = ()
    metric: Metric = field(default_factory=Accuracy)

    def truth(self, restarts: int) -> Mapping[str, float]:
        """The true scores; a mean run's, as no run comes to nothing here."""
        return {f"c{i}": value for i, value in enumerate(self.values)}

    def draw(self, rng: np.random.Generator) -> Study:
        """One study."""
        difficulty = _skewed(rng, (self.examples,))
        contestants = []
        for number, value in enumerate(self.values):
            fixed = number >= len(self.values) - self.deterministic
            runs = 1 if fixed else self.seeds
            scale = self.seed_sd * (self.scales[number] if self.scales else 1.0)
            effect = np.zeros((1, 1)) if fixed else rng.normal(0.0, scale, (runs, 1))
            affinity = 0.6 * rng.standard_t(5, self.examples)
            chance = expit(_ability(value, scale * (not fixed)) + effect + difficulty + affinity)
            outcome = (rng.random((runs, self.examples)) < chance).astype(np.float64)
            contestants.append(Contestant(f"c{number}", _counted(outcome), deterministic=fixed))
        return Study(contestants)


def _skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(1.5 - 1.5 * rng.gamma(1.0, 1.0, shape))


@lru_cache(maxsize=256)
def _ability(value: float, seed_sd: float) -> float:
    """The ability at which the true accuracy is `value`."""
    rng = np.random.default_rng(2)
    others = _skewed(rng, (400_000,)) + 0.6 * rng.standard_t(5, 400_000)
    others = others + seed_sd * rng.standard_normal(400_000)
    return float(brentq(lambda a: float(expit(a + others).mean()) - value, -20, 20))


@dataclass(frozen=True)
class Windows:
    """Forecast windows: absolute errors that are smooth in time and shared among series.

    Each contestant's error at a step is |1 + its own disturbance|-like: a level, plus what all
    contestants share, plus a disturbance of its own with autocorrelation `decay`, of which
    `common` strikes all series at once; a window's error is the mean over its `horizon` steps.
    """

    name: str
    values: tuple[float, ...]
    steps: int = 500
    series: int = 1
    horizon: int = 1
    decay: float = 0.0
    common: float = 0.0
    seeds: int = 5
    seed_sd: float = 0.005
    noise: float = 0.3
    metric: Metric = field(default_factory=Mae)

    def truth(self, restarts: int) -> Mapping[str, float]:
        """The true scores."""
        return {f"c{i}": value for i, value in enumerate(self.values)}

    def draw(self, rng: np.random.Generator) -> Study:
        """One study."""
        shape = (self.series, self.steps + self.horizon - 1)
        shared = self._smooth(rng, shape)
        series = np.repeat(np.arange(self.series), self.steps)
        step = np.tile(np.arange(self.steps), self.series)
        contestants = []
        for number, value in enumerate(self.values):
            own = np.sqrt(1 - self.common) * self._smooth(rng, shape)
            own = own + np.sqrt(self.common) * self._smooth(rng, (1, shape[1]))
            at_steps = value + self.noise * (2 * shared + own)
            windows = np.lib.stride_tricks.sliding_window_view(at_steps, self.horizon, axis=1)
            error = windows.mean(axis=2).reshape(-1)
            effect = rng.normal(0.0, self.seed_sd, (self.seeds, 1))
            fresh = 0.1 * self.noise * rng.standard_normal((self.seeds, len(error)))
            contestants.append(Contestant(f"c{number}", _counted(error + effect + fresh)))
        return Study(contestants, InTime(series, step, self.horizon))

    def _smooth(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        """Unit-variance AR(1) along the second axis."""
        fresh = rng.standard_normal(shape) * np.sqrt(1 - self.decay**2)
        fresh[:, 0] = rng.standard_normal(shape[0])
        if not self.decay:
            return fresh
        from scipy.signal import lfilter

        return np.asarray(lfilter([1.0], [1.0, -self.decay], fresh, axis=1))
