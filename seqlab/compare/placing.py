"""Where each contestant stands: its status against the best of the others, and how likely it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seqlab.compare.best import Differences, WithTheBest
from seqlab.compare.comparison import Standing, Status
from seqlab.compare.contestants import Contestant, Margin
from seqlab.compare.pairs import of_hundred, possible
from seqlab.compare.restarts import Kept, Losses
from seqlab.compare.retuning import retuned
from seqlab.compare.rules import Rules
from seqlab.compare.simultaneous import Joint, likely_means
from seqlab.compare.variation import Variation
from seqlab.metrics.base import Array, Metric


@dataclass(frozen=True, eq=False)
class Field:
    """Who runs against whom, by which metric, and which of their seeds came to nothing."""

    running: Sequence[Contestant]
    metric: Metric
    losses: Mapping[str, Losses]
    trivial_value: float

    @property
    def examples(self) -> int:
        """The test examples that all share."""
        statistics = self.running[0].statistics
        assert statistics is not None
        return int(statistics.shape[1])

    def agree(self, one: int, other: int) -> bool:
        """Whether two contestants do the same on every test example, in every run."""
        first, second = self.running[one].statistics, self.running[other].statistics
        assert first is not None
        assert second is not None
        return bool((first == first[0]).all() and (second == first[0]).all())


def failed_standing(contestant: Contestant) -> Standing:
    """The standing of a contestant of which no run ended well."""
    return Standing(
        name=contestant.name,
        status="failed",
        seeds=0,
        deterministic=contestant.deterministic,
        came_to_nothing=contestant.lost,
        lost=contestant.lost,
        trivial=contestant.trivial,
        families=contestant.families,
        reason=contestant.failed,
    )


@dataclass(frozen=True, eq=False)
class Placing:
    """What standings are read from."""

    field: Field
    variation: Variation
    kept: Kept
    differences: Differences
    margin: Margin
    rules: Rules

    @cached_property
    def better(self) -> Array:
        """The means, higher being better, (n,)."""
        means = self.variation.means
        return means if self.field.metric.higher_is_better else -means

    @cached_property
    def against(self) -> WithTheBest:
        """Each contestant against the best of the others."""
        if len(self.better) > 1:
            return self.differences.with_the_best()
        nothing = np.full(1, np.nan)
        return WithTheBest(nothing, nothing, nothing, np.zeros(1, dtype=bool))

    @cached_property
    def best(self) -> int:
        """The best mean; where every run counts, among those that lose few of theirs."""
        allowed = np.array([not self._loses_many(i) for i in range(len(self.better))])
        usable = allowed if allowed.any() else np.ones(len(self.better), dtype=bool)
        return int(np.where(usable, self.better, -np.inf).argmax())

    @cached_property
    def delta(self) -> float:
        """The margin in the metric's units."""
        return self.margin.absolute(
            float(self.variation.means[self.best]), self.field.trivial_value
        )

    @cached_property
    def tuned(self) -> Variation | None:
        """The variation with that of tuning added, where trials tell it."""
        return retuned(self.field.running, self.variation, self.field.metric, self.rules.seed)

    @cached_property
    def drawn(self) -> Array:
        """Draws (draws, n) of what the true means may be, higher being better."""
        return likely_means(self.variation, self.field.metric.higher_is_better, self.rules.seed)

    def standings(self) -> tuple[Standing, ...]:
        """The contestants from the best mean to the worst."""
        higher, seed = self.field.metric.higher_is_better, self.rules.seed
        again = None if self.tuned is None else likely_means(self.tuned, higher, seed)
        own = self._own_intervals()
        order = np.argsort(-self.better, kind="stable")
        return tuple(self._standing(i, own[:, i], again) for i in order.tolist())

    def _standing(self, i: int, own: Array, again: Array | None) -> Standing:
        contestant, losses = self.field.running[i], self._losses(i)
        difference = float(self.against.differences[i])
        ends = possible(np.array([self.against.low[i], self.against.high[i]]), self.field.metric)
        if not self.field.metric.higher_is_better:
            difference, ends = 0.0 - difference, 0.0 - ends[::-1]
        return Standing(
            name=contestant.name,
            status=self._status(i),
            mean=float(self.variation.means[i]),
            ci_low=float(own[0]),
            ci_high=float(own[1]),
            difference=difference,
            low=float(ends[0]),
            high=float(ends[1]),
            seeds=losses.seeds - losses.lost,
            deterministic=contestant.deterministic,
            came_to_nothing=losses.count,
            lost=losses.lost,
            first=_first(self.drawn, i),
            behind=of_hundred(self.drawn[:, self.best], self.drawn[:, i]),
            tuned_first=np.nan if again is None else _first(again, i),
            trivial=contestant.trivial,
            families=contestant.families,
        )

    def _status(self, i: int) -> Status:
        """The status from the interval against the best of the others."""
        low, high = self.against.low[i], self.against.high[i]
        if i == self.best:
            return "best"
        if self.against.behind[i]:
            return "negligible" if low > -self.delta else "worse"
        if self._loses_many(i):
            return "unstable"
        tied = (-self.delta < low and high < self.delta) or self.field.agree(i, self.best)
        return "tied" if tied else "undecided"

    def _losses(self, i: int) -> Losses:
        return self.field.losses[self.variation.names[i]]

    def _loses_many(self, i: int) -> bool:
        return self.kept.of == 1 and self._losses(i).many

    def _own_intervals(self) -> Array:
        """95 % intervals of each mean alone, (2, n)."""
        means, metric = self.variation.means, self.field.metric
        joint = Joint.draw(self.variation, np.eye(len(means)), self.rules.seed)
        widths = joint.alone(self.rules.level)
        limits = (0.0, 1.0) if metric.unit_range else (-np.inf, np.inf)
        return np.clip([means - widths, means + widths], *limits)


def _first(drawn: Array, contestant: int) -> float:
    """In how many of 100 draws (draws, n) of the true means the contestant has the best."""
    return float(100 * np.mean(drawn.argmax(axis=1) == contestant))
