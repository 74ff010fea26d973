"""What a comparison says, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from statistics import median
from typing import Any, Literal, cast

from seqlab.compare.contestants import Margin
from seqlab.compare.variation import Variation

Status = Literal["best", "tied", "negligible", "undecided", "worse", "unstable", "failed"]
VERDICT_SEEDS = 8  # fewer are a preview
FEW_UNITS = 10  # groups or stretches: with fewer, what lies between them is hardly known


@dataclass(frozen=True)
class Standing:
    """One contestant's place.

    `mean` is the score that the comparison is about: of its runs on average, or of the best of
    several runs (`Comparison.restarts`). It and its own interval (95 %, for this contestant alone)
    are in the metric's natural sign, and so is `difference`: this mean less that of the best of
    the others, whose interval [low, high] holds together with all others at the level spent. NaN
    where there is nothing to say; infinite where the runs or the test part cannot say it.

    seeds      with a result
    came_to_nothing  seeds that ended at the trivial baseline's level, or without a result
    lost       those of them without a result
    first      in how many of 100 draws of the true means it is the first
    behind     in how many of 100 the best is truly ahead of it
    tuned_first  as `first`, had tuning gone differently; NaN where trials cannot say it
    trivial    it learned nothing of the inputs
    """

    name: str
    status: Status
    seeds: int
    deterministic: bool
    mean: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    came_to_nothing: int = 0
    lost: int = 0
    first: float = math.nan
    behind: float = math.nan
    tuned_first: float = math.nan
    trivial: bool = False
    families: tuple[str, ...] = ()
    reason: str = ""  # why it failed
    left_after: int = 0  # seeds, where it was shown to be worse and ran no more (`race.py`)

    @property
    def runs(self) -> int:
        """Seeds that were run, whatever became of them."""
        return self.seeds + self.lost


@dataclass(frozen=True)
class Pair:
    """Two contestants' difference, first − second, in the metric's natural sign.

    [low, high] holds together with all other pairs' at the level spent, and ends at 0 where the
    difference was `shown` by the stepwise test alone (`best.py`). `likely` is in how many
    of 100 draws of the true means the first is better. `probability` is the chance that a run of
    the first beats a run of the second, with a 95 % interval by a bootstrap of pairs; `p_value` is
    that of a sign-flip test over paired seeds. These look at seeds only and decide nothing.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    shown: bool
    likely: float
    probability: float
    probability_low: float
    probability_high: float
    p_value: float


@dataclass(frozen=True)
class Families:
    """The best of one family less the best of another, first − second, in the natural sign.

    The interval [low, high] counts that tuning might have gone differently, where trials tell; it
    holds together for all pairs of families. `likely` is in how many of 100 draws the first is
    ahead.
    """

    first: str
    second: str
    first_member: str
    second_member: str
    difference: float
    low: float
    high: float
    likely: float

    @property
    def decided(self) -> bool:
        """Whether one is shown to be better than the other."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Comparison:
    """Who is best on one metric, and how sure that is.

    Standings are ordered from best to worst mean, failed ones last. `margin` is the declared
    difference that matters, `delta` the same in the metric's units. `level` is the error
    probability of the whole study, `level_spent` what this look at the test set used of it.
    `restarts` is how many runs are made to keep the one that validates best; 1: a mean counts all
    runs, and `other` is the same contest by the other score, where some seeds came to nothing.
    """

    metric: str
    higher_is_better: bool
    in_points: bool  # values lie between 0 and 1; differences are told in points
    margin: Margin
    looks: int
    level: float
    level_spent: float
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...] = ()
    families: tuple[Families, ...] = ()
    best_shown: bool = False  # shown better than all others
    delta: float = math.nan
    examples: int = 0
    units: int = 0  # independent test examples, or clusters of them
    unit: str = "test example"
    short: str = ""  # why the test part can decide nothing
    restarts: int = 1
    race_over: str = ""  # why no more seeds were run, where that was no limit of time
    other: Comparison | None = None
    variation: Variation | None = field(default=None, repr=False, compare=False)

    @property
    def best(self) -> str | None:
        """The contestant with the best mean, whether or not it is shown to be the best."""
        return next((s.name for s in self.standings if s.status == "best"), None)

    @property
    def winner_set(self) -> tuple[str, ...]:
        """All that are not worse and did not fail: at the level spent, the true best is here."""
        out = ("worse", "unstable", "failed")
        return tuple(s.name for s in self.standings if s.status not in out)

    @property
    def seeds(self) -> int:
        """The fewest seeds of a contestant that has chance and did not leave; 0 if none has."""
        chance = [s for s in self.standings if s.status != "failed" and not s.deterministic]
        counts = [s.runs for s in chance if not s.left_after] or [s.runs for s in chance]
        return min(counts, default=0)

    @property
    def preview(self) -> bool:
        """Whether there are fewer seeds than a verdict needs, and more could change it."""
        return 0 < self.seeds < VERDICT_SEEDS and not self.race_over

    @property
    def half_width(self) -> float:
        """How exactly differences are known here: the median half-width of the pairs' intervals."""
        return median([(p.high - p.low) / 2 for p in self.pairs]) if self.pairs else math.nan

    def standing(self, name: str) -> Standing:
        """The standing of one contestant."""
        return next(s for s in self.standings if s.name == name)

    def pair(self, first: str, second: str) -> Pair:
        """The difference of two contestants, turned round if need be."""
        for pair in self.pairs:
            if (pair.first, pair.second) == (first, second):
                return pair
            if (pair.first, pair.second) == (second, first):
                return _turned(pair)
        raise KeyError((first, second))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is not a finite number is null."""
        derived = ("best", "winner_set", "seeds", "preview", "half_width")
        values = cast(dict[str, Any], plain(replace(self, other=None)))
        values |= {name: plain(getattr(self, name)) for name in derived}
        return values | {"other": None if self.other is None else self.other.to_dict()}


def plain(value: Any) -> Any:
    """Dataclasses, tuples and numbers as JSON has them."""
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.repr}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def _turned(pair: Pair) -> Pair:
    return Pair(
        first=pair.second,
        second=pair.first,
        difference=-pair.difference,
        low=-pair.high,
        high=-pair.low,
        shown=pair.shown,
        likely=100 - pair.likely,
        probability=1 - pair.probability,
        probability_low=1 - pair.probability_high,
        probability_high=1 - pair.probability_low,
        p_value=pair.p_value,
    )
