"""The choice: among the contestants that one can use, the one to use.

Limits come first: a contestant beyond them is no contender, however good. Among those that fit,
the *contenders* are not shown to be behind another by the margin or more. The rule of `prefer`:
  balanced  the cheapest contender whose mean is within the margin of the best that fits
  quality   the best mean that fits
  cost      the cheapest contender
Absence of proof is no proof of equality: of contenders that the test part hardly tells apart, the
cheapest alone is on average a bad choice, and the worse the less was tested. `accept` declares
another exchange: the cheapest of all that fit whose mean is at most so far behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from seqlab.compare.comparison import Comparison, Standing
from seqlab.compare.contestants import Margin
from seqlab.compare.costs import Constraints, Costs, cheapest
from seqlab.compare.wording import Units

Prefer = Literal["balanced", "quality", "cost"]
NO_LIMITS = Constraints()
PROBABLY = 90.0  # of 100 draws, from which on one is probably better than another


@dataclass(frozen=True)
class Case:
    """A comparison, every contestant's costs, and what the user declared."""

    comparison: Comparison
    costs: Mapping[str, Costs]
    constraints: Constraints = NO_LIMITS
    prefer: Prefer = "balanced"
    accept: Margin | None = None

    @cached_property
    def running(self) -> list[Standing]:
        """Contestants that learned something and finished, the best mean first."""
        return [s for s in self.comparison.standings if s.status != "failed" and not s.trivial]

    @cached_property
    def fitting(self) -> list[str]:
        """Those within the limits, too, that do not lose most of their runs."""
        return [
            s.name
            for s in self.running
            if s.status != "unstable" and not self.constraints.broken(self.costs[s.name])
        ]

    @cached_property
    def contenders(self) -> list[str]:
        """Those of `fitting` that are not shown to be behind another of them by the margin."""
        return [
            name
            for name in self.fitting
            if not any(self._shown_worse(name, other) for other in self.fitting if other != name)
        ]

    @cached_property
    def close(self) -> list[str]:
        """Contenders that are not even probably behind the best that fits."""
        return [
            name
            for name in self.contenders
            if name == self.best or not self.comparison.pair(self.best, name).likely >= PROBABLY
        ]

    @property
    def best(self) -> str:
        """The best mean that fits."""
        return self.fitting[0]

    @cached_property
    def chosen(self) -> str:
        """Whom to use, by the rule."""
        if self.accept is not None:
            reach = self.accept.absolute(self.comparison.standing(self.best).mean)
            return cheapest(self._within(self.fitting, reach), self.costs)
        match self.prefer:
            case "quality":
                return self.best
            case "cost":
                return cheapest(self.contenders, self.costs)
            case "balanced":
                near = self._within(self.contenders, self.comparison.delta)
                return cheapest(near, self.costs)

    @property
    def units(self) -> Units:
        """How the metric's numbers are told."""
        return Units.of(self.comparison)

    @property
    def margin(self) -> str:
        """The margin in words."""
        return self.units.difference(self.comparison.delta)

    def gap(self, name: str, to: str | None = None) -> float:
        """How far a mean is behind another's, or that of the best that fits; below 0: ahead."""
        ahead = self.comparison.standing(self.best if to is None else to).mean
        behind = ahead - self.comparison.standing(name).mean
        return behind if self.comparison.higher_is_better else -behind

    def is_baseline(self, name: str) -> bool:
        """Whether it is no network."""
        return self.costs[name].kind == "baseline"

    def _within(self, names: list[str], reach: float) -> list[str]:
        slack = 1e-9 * abs(reach)  # sums of decimals are not exact
        return [name for name in names if self.gap(name) <= reach + slack]

    def _shown_worse(self, name: str, other: str) -> bool:
        """Whether it is shown to be behind, and not by less than the margin."""
        pair = self.comparison.pair(other, name)
        ahead = pair.difference if self.comparison.higher_is_better else -pair.difference
        farthest = max(abs(pair.low), abs(pair.high))
        return pair.shown and ahead > 0 and farthest >= self.comparison.delta
