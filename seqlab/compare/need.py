"""What an undecided comparison lacks: seeds, test examples, or something neither can give.

A number is said only if it would decide in at least LIKELY of the cases in which such a gap was
seen. An observed gap is partly luck, the more so the smaller it is beside its error; the true one
is therefore taken to be smaller (normal, of a spread that the observed one suggests), and what new
runs or new examples would show is drawn from that. What they would not renew – the same test
examples, the same runs – keeps the luck that it had.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr, stdtrit

from seqlab.compare.best import pair_contrasts, pair_index
from seqlab.compare.comparison import Comparison
from seqlab.compare.rules import Rules
from seqlab.compare.simultaneous import Joint
from seqlab.compare.variation import BORROWED, Variation
from seqlab.compare.wording import Units, counted
from seqlab.metrics.base import Array

MOST_SEEDS = 200
MOST_TIMES = 1000.0  # as many times the test examples
LIKELY, VERY_LIKELY = 0.8, 0.9  # to decide: the two ends of what is said
LEAST_SPREAD = 0.25  # of the error's variance: the true gap is not taken to be 0

Range = tuple[int, int | None]  # from here it is likely to decide; from there very likely


@dataclass(frozen=True)
class Need:
    """What would decide an undecided contestant.

    seeds     in all, for each contestant with chance; None: no number of seeds is likely to decide
    examples  test examples in all, with the same seeds; None: they alone are not likely to
    """

    name: str
    rival: str
    gap: float
    seeds: Range | None
    examples: Range | None
    sentence: str


def chances_by_seeds(comparison: Comparison, seeds: int, level: float) -> dict[str, float]:
    """For each undecided contestant, the chance that so many seeds in all decide it at a level.

    None where that is not known: there is no undecided one, or no chance to be seen yet.
    """
    chances = {}
    for name, factor in _factors(comparison, level).items():
        assert comparison.variation is not None
        rival = str(comparison.best)
        pair = _Pair.of(comparison.variation, rival, name)
        if not (math.isfinite(pair.seeds) and math.isfinite(factor)):
            return {}
        gap = abs(comparison.pair(rival, name).difference)
        chance = 0.0
        if pair.chance.any():
            more = np.array([float(max(seeds, pair.runs.max() + 1))])
            chance = float(pair.decided_by_seeds(more, gap, comparison.delta, factor)[0])
        chances[name] = chance
    return chances


def needs(comparison: Comparison) -> list[Need]:
    """For each undecided contestant, how many seeds or test examples would decide it."""
    variation = comparison.variation
    if variation is None:
        return []
    level = replace(Rules(level=comparison.level), looks=comparison.looks).next_level
    factors = _factors(comparison, level)  # those of the next look at the test part
    return [_need(comparison, variation, name, factor) for name, factor in factors.items()]


def _factors(comparison: Comparison, level: float) -> dict[str, float]:
    """For each undecided contestant, by how much the interval of its difference to the best one
    exceeds the standard error.
    """
    undecided = [s.name for s in comparison.standings if s.status == "undecided"]
    variation = comparison.variation
    if variation is None or not undecided:
        return {}
    joint = Joint.draw(variation, pair_contrasts(len(variation.names)), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        factors = joint.together(level) / joint.errors
    factor_of = {
        frozenset((variation.names[i], variation.names[j])): float(factor)
        for i, j, factor in zip(*pair_index(len(variation.names)), factors, strict=True)
    }
    rival = str(comparison.best)
    return {name: factor_of[frozenset((rival, name))] for name in undecided}


def _need(comparison: Comparison, variation: Variation, name: str, factor: float) -> Need:
    rival = str(comparison.best)
    gap = abs(comparison.pair(rival, name).difference)
    pair = _Pair.of(variation, rival, name)
    known = math.isfinite(pair.seeds) and math.isfinite(factor) and not comparison.short
    by_seeds = by_examples = None
    if known:
        runs = float(pair.runs.max())
        more = np.arange(runs + 1, MOST_SEEDS + 1) if pair.chance.any() else np.zeros(0)
        chances = pair.decided_by_seeds(more, gap, comparison.delta, factor)
        by_seeds = _range(more, chances)
        times = np.geomspace(1.05, MOST_TIMES, 400)
        chances = pair.decided_by_examples(times, gap, comparison.delta, factor)
        by_examples = _range(times * comparison.examples, chances)
    return Need(
        name,
        rival,
        gap,
        by_seeds,
        by_examples,
        _sentence(comparison, name, by_seeds, by_examples, known),
    )


def _range(amounts: Array, chances: Array) -> Range | None:
    """From where on it is likely, and very likely, to decide."""
    likely, very = (amounts[chances >= wanted] for wanted in (LIKELY, VERY_LIKELY))
    if not len(likely):
        return None
    return _rounded(likely[0]), _rounded(very[0]) if len(very) else None


@dataclass(frozen=True, eq=False)
class _Pair:
    """The parts of the variance of a difference, and how they shrink."""

    examples: float  # of the contestants' means over examples, without the residual
    residual: float  # of each run on each example
    seeds: float  # beyond what the examples hold
    runs: Array  # (2,)
    chance: NDArray[np.bool_]  # (2,) whether there are seeds to add
    units: int

    @classmethod
    def of(cls, variation: Variation, first: str, second: str) -> _Pair:
        both = [variation.names.index(first), variation.names.index(second)]
        held = variation.examples[np.ix_(both, both)]
        residual = float(variation.residual[both].sum())
        return cls(
            examples=max(float(held[0, 0] + held[1, 1] - 2 * held[0, 1]) - residual, 0.0),
            residual=residual,
            seeds=float(variation.beyond[both].sum()),
            runs=np.array([len(variation.scores[i]) for i in both]),
            chance=variation.seed_freedom[both] > 0,
            units=variation.units,
        )

    def decided_by_seeds(self, seeds: Array, gap: float, delta: float, factor: float) -> Array:
        """The chance that so many seeds decide, on the same test examples."""
        runs = float(self.runs.max())
        renewed = _Renewed(self.residual + self.seeds, self.examples)
        freedom = self._freedom(seeds, np.ones(len(seeds)))
        return renewed.decides(seeds / runs, gap, delta, self._factors(factor, freedom))

    def decided_by_examples(self, times: Array, gap: float, delta: float, factor: float) -> Array:
        """The chance that so many times the test examples decide, with the same seeds."""
        renewed = _Renewed(self.examples + self.residual, self.seeds)
        freedom = self._freedom(np.full(len(times), float(self.runs.max())), times)
        return renewed.decides(times, gap, delta, self._factors(factor, freedom))

    def _factors(self, factor: float, freedom: Array) -> Array:
        """The factor on more degrees of freedom, at the same tail probability."""
        now = float(self._freedom(np.array([float(self.runs.max())]), np.ones(1))[0])
        return np.asarray(stdtrit(freedom, 1 - stdtr(now, -factor)))

    def _freedom(self, seeds: Array, times: Array) -> Array:
        """Satterthwaite's degrees of freedom with so many seeds and times the examples."""
        runs = float(self.runs.max())
        from_examples = (self.examples + self.residual) / times
        from_seeds = self.seeds * runs / seeds
        doubt = from_seeds**2 / np.maximum(seeds - 1 + BORROWED, 1)
        doubt = doubt + from_examples**2 / (self.units * times - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            freedom = (from_examples + from_seeds) ** 2 / doubt
        return np.where(doubt > 0, freedom, 1e6)


@dataclass(frozen=True)
class _Renewed:
    """A gap whose error has a part that new runs (or examples) renew, and one that stays."""

    renewed: float
    stays: float

    def decides(self, times: Array, gap: float, delta: float, factors: Array) -> Array:
        """The chance to be decided with so many times what is renewed, `gap` having been seen."""
        spread = max(gap**2 - self.renewed - self.stays, LEAST_SPREAD * (self.renewed + self.stays))
        true = spread + self.stays  # of what more of the same would converge to
        centre = gap * true / (true + self.renewed) if true + self.renewed else gap
        doubt = true * self.renewed / (true + self.renewed) if true + self.renewed else 0.0
        fresh = 1 - 1 / times  # the share of what will be seen that is new
        mean = (1 - fresh) * gap + fresh * centre
        deviation = np.sqrt(fresh**2 * doubt + fresh * self.renewed / times)
        width = factors * np.sqrt(self.stays + self.renewed / times)
        with np.errstate(invalid="ignore", divide="ignore"):

            def above(bound: Array) -> Array:
                apart = np.where(deviation > 0, (mean - bound) / deviation, (mean - bound) * np.inf)
                return np.asarray(ndtr(apart))

            apart = above(width) + 1 - above(-width)
            alike = np.maximum(above(-(delta - width)) - above(delta - width), 0.0)
        return np.asarray(np.nan_to_num(apart + np.where(width < delta, alike, 0.0)))


def _rounded(count: float) -> int:
    """To two digits, upwards: it is an estimate."""
    step = 10 ** max(int(np.log10(max(count, 1))) - 1, 0)
    return int(np.ceil(count / step) * step)


def _sentence(
    comparison: Comparison,
    name: str,
    seeds: Range | None,
    examples: Range | None,
    known: bool,
) -> str:
    gap = Units.of(comparison).difference(comparison.pair(name, str(comparison.best)).difference)
    start = f"{name} ({gap} from {comparison.best}): "
    if comparison.short:
        return f"{start}{comparison.short}"
    if not known:
        return f"{start}one seed says nothing of chance; run at least 3, and 8 for a verdict"
    if seeds and examples:
        return (
            f"{start}about {_told(seeds, 'seed')} each, or {_told(examples, 'test example')}, would"
            " probably decide"
        )
    if examples:
        many = _told(examples, "test example")
        return f"{start}more seeds would hardly decide, about {many} probably would"
    if seeds:
        many = _told(seeds, "seed")
        return f"{start}about {many} each would probably decide, more test examples hardly would"
    return f"{start}neither more seeds nor more test examples alone would probably decide"


def _told(span: Range, noun: str) -> str:
    first, last = span
    if last is None:
        return f"{counted(first, noun)} or more"
    return counted(first, noun) if first == last else f"{first:,} to {counted(last, noun)}"
