"""What an undecided comparison lacks: seeds, test examples, or something neither can give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from seqlab.compare.comparison import Comparison
from seqlab.compare.variation import BORROWED, Variation
from seqlab.compare.wording import Units, counted
from seqlab.metrics.base import Array

MOST_SEEDS = 200
MOST_TIMES = 1000  # as many times the test examples


@dataclass(frozen=True)
class Need:
    """What would decide an undecided contestant, if the gap stays as it was seen.

    seeds     in all, for each contestant with chance; None: no number of seeds would decide
    examples  test examples in all, with the same seeds; None: they alone would not decide
    """

    name: str
    rival: str
    gap: float
    seeds: int | None
    examples: int | None
    sentence: str


def needs(comparison: Comparison) -> list[Need]:
    """For each undecided contestant, how many seeds or test examples would decide it."""
    undecided = [s.name for s in comparison.standings if s.status == "undecided"]
    return [_need(comparison, name) for name in undecided]


def _need(comparison: Comparison, name: str) -> Need:
    variation, rival = comparison.variation, comparison.best
    assert variation is not None
    assert rival is not None
    gap = abs(comparison.pair(rival, name).difference)
    # Decided when the half-width falls below the gap (shown worse) or the rest of the margin.
    wanted = max(gap, comparison.delta - gap)
    pair = _Pair.of(variation, rival, name)
    most = max(pair.runs)
    seeds = np.arange(most + 1.0, MOST_SEEDS + 1) if pair.chance.any() else np.zeros(0)
    times = np.geomspace(1.0, MOST_TIMES, 1000)
    level = comparison.level * 0.5 ** (comparison.looks + 1)  # that of the next look
    tail = level / max(len(variation.names) - 1, 2)  # Bonferroni's, never below two-sided
    by_seeds = seeds[pair.half_widths(seeds, np.ones(1), tail) < wanted]
    by_examples = times[pair.half_widths(np.array([most]), times, tail) < wanted]
    enough_seeds = int(by_seeds[0]) if len(by_seeds) else None
    enough = _rounded(by_examples[0] * comparison.examples) if len(by_examples) else None
    known = bool(np.isfinite(variation.seeds).all())
    sentence = _sentence(comparison, name, (enough_seeds, enough), known)
    return Need(name, rival, gap, enough_seeds, enough, sentence)


@dataclass(frozen=True, eq=False)
class _Pair:
    """The parts of the variance of a difference, and how they shrink."""

    examples: float
    residual: Array  # (2,)
    beyond: Array  # (2,)
    runs: Array  # (2,)
    chance: NDArray[np.bool_]  # (2,) whether there are seeds to add
    units: int

    @classmethod
    def of(cls, variation: Variation, first: str, second: str) -> _Pair:
        both = [variation.names.index(first), variation.names.index(second)]
        held = variation.examples[np.ix_(both, both)]
        residual = variation.residual[both]
        return cls(
            examples=max(float(held[0, 0] + held[1, 1] - 2 * held[0, 1] - residual.sum()), 0.0),
            residual=residual,
            beyond=variation.beyond[both],
            runs=np.array([len(variation.scores[i]) for i in both]),
            chance=variation.seed_freedom[both] > 0,
            units=variation.units,
        )

    def half_widths(self, seeds: Array, times: Array, tail: float) -> Array:
        """With so many seeds and so many times the test examples; the two are broadcast."""
        share = np.where(self.chance, self.runs / np.maximum(seeds, 1)[:, None], 1.0)  # (·, 2)
        from_examples = (self.examples + share @ self.residual) / times
        from_seeds = share @ self.beyond
        variance = from_examples + from_seeds
        doubt = from_seeds**2 / np.maximum(seeds - 1 + BORROWED, 1)
        doubt = doubt + from_examples**2 / (self.units * times - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            freedom = np.where(doubt > 0, variance**2 / doubt, 1e6)
            return np.asarray(stdtrit(freedom, 1 - tail) * np.sqrt(variance))


def _rounded(count: float) -> int:
    """To two digits, upwards: it is an estimate."""
    step = 10 ** max(int(np.log10(count)) - 1, 0)
    return int(np.ceil(count / step) * step)


def _sentence(
    comparison: Comparison, name: str, enough: tuple[int | None, int | None], known: bool
) -> str:
    seeds, examples = enough
    gap = Units.of(comparison).difference(comparison.pair(name, str(comparison.best)).difference)
    start = f"{name} ({gap} from {comparison.best}): "
    if not known:
        return f"{start}one seed says nothing of chance; run at least 3, and 8 for a verdict"
    if seeds and examples:
        return f"{start}about {seeds} seeds each, or {examples:,} test examples, would decide"
    if examples:
        return f"{start}no number of seeds would decide, about {examples:,} test examples would"
    if seeds:
        return f"{start}about {counted(seeds, 'seed')} each would decide, test examples would not"
    return f"{start}more seeds and more test examples would decide only together"
