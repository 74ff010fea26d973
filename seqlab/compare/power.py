"""What a test set can show: before anything is trained, and what would decide the undecided.

Before: the spread of a difference is assumed, and said to be. After: it was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from seqlab.compare.comparison import Comparison, Standing
from seqlab.compare.decision import Rules
from seqlab.compare.variation import Variation

DISAGREE = 0.17  # share of examples on which two good classifiers differ in being right
SEED_SD = 0.005  # of a score between 0 and 1
LIKELY = 0.84  # standard errors that make "can be shown" mean "in four of five studies"
MOST = 1000  # seeds beyond which a number is no advice


@dataclass(frozen=True)
class Spread:
    """How a difference of two contestants varies: by example (or block), and by seed.

    Both are standard deviations in the metric's units; `source` says where they come from.
    """

    example: float
    seed: float
    source: str

    @classmethod
    def of_shares(cls) -> Spread:
        """For metrics between 0 and 1."""
        source = f"assuming that two contestants differ on {100 * DISAGREE:.0f} % of the examples"
        return cls(math.sqrt(DISAGREE), SEED_SD, source)


@dataclass(frozen=True)
class Resolution:
    """The smallest gap that is likely to be shown, and the half-width of an interval."""

    units: int
    seeds: int
    half_width: float
    gap: float
    limit: float  # the half-width with ever more seeds
    margin: float
    can_tie: bool
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def resolution(
    units: int, seeds: int, contestants: int, spread: Spread, margin: float, in_points: bool
) -> Resolution:
    """What `units` independent test examples (or blocks) and `seeds` seeds can show."""
    half_width, error = _half_width(units, seeds, contestants, spread)
    limit, _ = _half_width(units, 10**6, contestants, spread)
    gap = half_width + LIKELY * error
    ties = half_width < margin
    sentence = (
        f"what this test set can resolve: gaps of about {_amount(gap, in_points)} and more"
        f" ({units:,} independent test examples, {seeds} seeds, {contestants} contestants;"
        f" {spread.source})"
    )
    if not ties:
        more = "more test examples" if limit >= margin else "more seeds or test examples"
        sentence += f"; ties within {_amount(margin, in_points)} cannot be shown without {more}"
    return Resolution(units, seeds, half_width, gap, limit, margin, ties, sentence)


def _half_width(units: int, seeds: int, contestants: int, spread: Spread) -> tuple[float, float]:
    """Of a simultaneous interval for a difference with the best, and its standard error."""
    error = math.sqrt(spread.example**2 / units + 2 * spread.seed**2 / seeds)
    level = Rules().level_spent / max(contestants - 1, 1)
    return float(student.ppf(1 - level / 2, max(2 * (seeds - 1), 1))) * error, error


def needed(comparison: Comparison, given: Sequence[str]) -> list[str]:
    """For each undecided contestant, how many seeds or test examples would decide; sentences.

    `given` names the contestants in the order in which they were compared.
    """
    if comparison.variation is None or comparison.best is None:
        return []
    order = [name for name in given if comparison.standing(name).status != "failed"]
    return list(_advice(comparison, comparison.variation, order))


def _advice(comparison: Comparison, variation: Variation, order: Sequence[str]) -> Iterator[str]:
    for standing in comparison.standings:
        if standing.status != "undecided":
            continue
        pair = np.zeros(len(order))
        pair[order.index(standing.name)], pair[order.index(str(comparison.best))] = 1.0, -1.0
        from_seeds = float((pair**2 * np.where(pair != 0, variation.beyond, 0.0)).sum())
        from_examples = float(pair @ variation.examples @ pair)
        yield _advise(comparison, standing, from_seeds, from_examples, variation.units)


def _advise(
    comparison: Comparison, standing: Standing, from_seeds: float, from_examples: float, units: int
) -> str:
    name = standing.name
    if not math.isfinite(from_seeds):
        return f"{name}: one seed says nothing of chance; run at least 3 (--seeds 8)"
    difference = abs(standing.difference)
    enough = max(difference, comparison.delta - difference)  # a half-width below this decides
    sides = [abs(standing.low - standing.difference), abs(standing.high - standing.difference)]
    factor = max(sides) / math.sqrt(max(from_seeds + from_examples, 1e-300))
    wanted = (enough / max(factor, 1e-300)) ** 2  # the variance that would decide
    seeds = max(standing.seeds, comparison.seeds)
    by_seeds = (
        math.ceil(seeds * from_seeds / (wanted - from_examples))
        if (wanted > from_examples)
        else math.inf
    )
    by_units = (
        math.ceil(units * from_examples / (wanted - from_seeds))
        if (wanted > from_seeds)
        else math.inf
    )
    ways = []
    if seeds < by_seeds <= MOST:
        ways.append(f"about {by_seeds - seeds} more seeds")
    if units < by_units < 1000 * units:
        ways.append(f"about {by_units - units:,} more test examples")
    if not ways:
        return f"{name}: no number of seeds would decide, and too many test examples"
    only = "; no number of seeds alone would" if by_seeds > MOST else ""
    return f"{name}: {' or '.join(ways)} would decide, if the difference stays as it is{only}"


def _amount(value: float, in_points: bool) -> str:
    return f"{100 * value:.1f} points" if in_points else f"{value:.3g}"
