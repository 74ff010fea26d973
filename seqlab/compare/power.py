"""What a test set can show, before anything is trained.

The spread of a difference is assumed, and said to be. The half-widths are those of the
decision itself for equal contestants, so that a plan promises what the verdict will keep.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from seqlab.compare.best import pair_contrasts
from seqlab.compare.comparison import Comparison
from seqlab.compare.rules import Rules
from seqlab.compare.simultaneous import Joint
from seqlab.compare.variation import BORROWED, Part, Variation, granted_variance
from seqlab.compare.wording import Units, counted

FOUND = 0.8  # a gap is "found", a tie "shown", where that happens in so many such studies
WIDE = 0.05  # a gap that a plan can resolve; beyond it, another way to test is proposed
FOLDS = 5  # that are proposed
OWN = 0.7  # two runs of one classifier differ on so many times the examples two of them differ on


@dataclass(frozen=True)
class Spread:
    """How a difference of two contestants varies: standard deviations in the metric's units.

    example   by example (or block), seeds averaged out
    seed      of one contestant's score between its seeds, beyond what the examples make
    source    where these come from, in words
    unit      what is independent of each other: test examples, or blocks of them
    residual  that one run adds to each of its examples
    """

    example: float
    seed: float
    source: str
    residual: float = 0.0
    unit: str = "test example"

    @classmethod
    def of_shares(cls, disagreement: float = 0.16, seed: float = 0.005) -> Spread:
        """For metrics between 0 and 1, from the share of examples on which two runs of different
        contestants differ in being right.
        """
        source = (
            f"assuming that two contestants differ on {100 * disagreement:.0f} % of the examples"
            f" and seeds by {100 * seed:.1f} points"
        )
        example = math.sqrt(disagreement * (1 - OWN))
        return cls(example, seed, source, residual=math.sqrt(disagreement * OWN / 2))

    @classmethod
    def measured(cls, comparison: Comparison) -> Spread:
        """As a pilot or an earlier comparison of at least two contestants had it."""
        variation = comparison.variation
        assert variation is not None
        assert len(variation.scores) > 1
        runs = np.array([len(scores) for scores in variation.scores])
        contrasts = pair_contrasts(len(runs))
        examples = np.einsum("qi,ij,qj->q", contrasts, variation.examples, contrasts)
        examples -= np.abs(contrasts) @ variation.residual
        chance = variation.seeds > 0
        residual = (variation.residual * runs)[chance].mean() if chance.any() else 0.0
        seed = (variation.beyond * runs)[chance].mean() if chance.any() else 0.0
        return cls(
            math.sqrt(max(float(examples.mean()), 0.0) * variation.units),
            math.sqrt(seed),
            "as it was measured",
            residual=math.sqrt(residual * variation.units),
        )


@dataclass(frozen=True)
class Resolution:
    """What a design can show, in the metric's units.

    half_width  of the interval of a difference: a smaller observed gap shows nothing
    gap         a true gap that is found in four of five such studies
    tie         the margin within which a true tie is shown in four of five
    limit       the half-width with ever more seeds
    """

    units: int
    seeds: int
    half_width: float
    gap: float
    tie: float
    limit: float
    margin: float
    can_tie: bool
    sentence: str
    brief: str = ""  # the same in a line: what the test part tells, and what folds would

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def resolution(
    units: int,
    seeds: int,
    contestants: int,
    spread: Spread,
    margin: float,
    in_points: bool,
    *,
    in_folds: int = 0,
) -> Resolution:
    """What `units` independent test examples (or blocks) and `seeds` seeds can show.

    Counts as the first look at the test set. The margin is in the metric's units. `in_folds` are
    the units that there are if every row is tested once; 0: that cannot be had.
    """
    half_width, error = _half_width(units, seeds, contestants, spread, in_points)
    limit, _ = _half_width(units, 0, contestants, spread, in_points)
    gap = half_width + float(ndtri(FOUND)) * error
    tie = half_width + float(ndtri((1 + FOUND) / 2)) * error
    told = Units(in_points)
    basis = (
        f"{counted(units, 'independent ' + spread.unit)}, {counted(seeds, 'seed')}, "
        f"{counted(contestants, 'contestant')}; {spread.source}"
    )
    if not math.isfinite(half_width):
        sentence = (
            "what this test set can resolve: nothing between contestants that have chance, for "
            f"one seed does not show how far chance goes; 3 seeds are a preview ({basis})"
        )
    elif not told.tells(gap):
        sentence = f"what this test set can resolve: next to nothing ({basis})"
    else:
        sentence = (
            f"what this test set can resolve: gaps of about {told.difference(gap)} and more, "
            f"found in four of five such studies; below {told.difference(half_width)} nothing is "
            f"shown, and no number of seeds brings that below {told.difference(limit)} ({basis})"
        )
        if tie >= margin:
            more = "more test examples" if limit >= margin else "more seeds or test examples"
            sentence += f"; ties within {told.difference(margin)} need {more}"
    brief = _brief(units, spread.unit, gap, told)
    if in_points and in_folds > units and WIDE < gap < math.inf:
        folded, error = _half_width(in_folds, seeds, contestants, spread, in_points)
        better = told.difference(folded + float(ndtri(FOUND)) * error)
        brief += f"; --folds {FOLDS} tests all {in_folds:,} and tells {better}"
        brief += f", in {FOLDS} times the time"
        sentence += (
            f"; --folds {FOLDS} would test on every row and resolve gaps of about {better}, in"
            f" about {FOLDS} times the time"
        )
    return Resolution(
        units, seeds, half_width, gap, tie, limit, margin, tie < margin, sentence, brief
    )


def _brief(units: int, unit: str, gap: float, told: Units) -> str:
    """What a test part tells, in few words."""
    if not math.isfinite(gap):
        return "one seed does not show how far chance goes: use 2 seeds or more"
    if not told.tells(gap):
        return f"{counted(units, unit)} tell next to nothing"
    return f"{counted(units, unit)} tell only gaps above {told.difference(gap)}"


def _half_width(
    units: int, seeds: int, contestants: int, spread: Spread, in_points: bool
) -> tuple[float, float]:
    """Half-width and standard error of a difference with the best; seeds 0: ever more of them."""
    count, units = max(contestants, 2), max(units, 2)
    residual = np.full(count, spread.residual**2 / (seeds * units) if seeds else 0.0)
    beyond = spread.seed**2 / seeds if seeds else 0.0
    chance = bool(seeds) and (spread.seed > 0 or spread.residual > 0)
    own = spread.example**2 / (2 * units) + (granted_variance(units) if in_points else 0.0)
    variation = Variation(
        names=tuple(f"{number}" for number in range(count)),
        scores=(np.zeros(max(seeds, 1)),) * count,
        weights=(np.full(max(seeds, 1), 1 / max(seeds, 1)),) * count,
        seeds=np.full(count, np.inf) if chance and seeds == 1 else residual + beyond,
        residual=residual,
        parts=(Part(own * np.eye(count) + np.diag(residual), units - 1),),
        seed_freedom=np.full(count, seeds - 1 + BORROWED if chance else 0.0),
        units=units,
    )
    joint = Joint.draw(variation, pair_contrasts(count), Rules().seed)
    return float(joint.together(Rules().level_spent)[0]), float(joint.errors[0])
