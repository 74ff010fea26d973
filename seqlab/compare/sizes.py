"""Quality against the size of the training part, and whether more data would change the winner.

Contestants at all sizes are scored on the same test examples, so their differences at different
sizes are correlated; a trend is a linear contrast of all these means at once, with the variation
that decides comparisons (`variation.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqlab.compare.comparison import Comparison, plain
from seqlab.compare.contestants import Contestant, IntArray
from seqlab.compare.decision import compare
from seqlab.compare.rules import Rules
from seqlab.compare.simultaneous import Joint
from seqlab.compare.variation import estimate
from seqlab.compare.wording import Units, listed
from seqlab.data.dependence import Dependence
from seqlab.metrics.base import Array, Metric


@dataclass(frozen=True)
class Trend:
    """How a contestant gains on the best at the largest size; differences to it, better is up.

    `gain` is the change of the difference with every doubling of the data, `next` the difference
    that a straight line over the logarithm of the size gives for twice the largest size. Both
    intervals hold together for all contestants at the level spent.
    """

    name: str
    gain: float
    gain_low: float
    gain_high: float
    next: float
    next_low: float
    next_high: float


@dataclass(frozen=True)
class SizeCurves:
    """A comparison at every size, the trends, and a sentence about the next doubling."""

    comparisons: dict[int, Comparison]
    trends: tuple[Trend, ...]
    overtakers: tuple[str, ...]  # shown to be ahead of the best at twice the data, if lines go on
    possible: tuple[str, ...]  # may be
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """As plain data: per size the standings and the winner set."""
        points = {
            str(size): {
                "winner_set": list(comparison.winner_set),
                "best": comparison.best,
                "standings": [plain(standing) for standing in comparison.standings],
            }
            for size, comparison in self.comparisons.items()
        }
        return {
            "sizes": sorted(self.comparisons),
            "points": points,
            "trends": plain(self.trends),
            "overtakers": list(self.overtakers),
            "possible": list(self.possible),
            "sentence": self.sentence,
        }


def judge_sizes(
    at: Mapping[int, Sequence[Contestant]],
    metric: Metric,
    blocks: IntArray | Dependence | None,
    rules: Rules,
) -> SizeCurves:
    """Compare at every size, and extend each difference to the best to twice the largest size.

    The comparisons and the trends share what `rules` may spend.
    """
    sizes = sorted(at)
    rules = replace(rules, share=rules.share / (len(sizes) + 1))
    comparisons = {size: compare(at[size], metric, blocks=blocks, rules=rules) for size in sizes}
    last = comparisons[sizes[-1]]
    whole = [
        name
        for name in (s.name for s in last.standings)
        if all(_finished(comparison, name) for comparison in comparisons.values())
    ]
    if len(sizes) < 2 or last.best is None or last.best not in whole or len(whole) < 2:
        return SizeCurves(comparisons, (), (), (), _no_trend(sizes, last, whole))
    cells = [
        replace(contestant, name=f"{contestant.name} {size}")
        for size in sizes
        for name in whole
        for contestant in at[size]
        if contestant.name == name
    ]
    trends = tuple(_trends(cells, sizes, whole, (metric, blocks, rules)))
    overtakers = tuple(t.name for t in trends if t.next_low > 0)
    possible = tuple(t.name for t in trends if t.next_low <= 0 < t.next_high)
    return SizeCurves(comparisons, trends, overtakers, possible, _sentence(last, trends, sizes[-1]))


def _finished(comparison: Comparison, name: str) -> bool:
    return any(s.name == name and s.status != "failed" for s in comparison.standings)


def _trends(
    cells: Sequence[Contestant],
    sizes: Sequence[int],
    names: Sequence[str],
    how: tuple[Metric, IntArray | Dependence | None, Rules],
) -> list[Trend]:
    """Trends of all but the first name, from cells ordered by size, then by name."""
    metric, blocks, rules = how
    variation = estimate(cells, metric, blocks, rules.seed)
    means = variation.means if metric.higher_is_better else -variation.means
    slope, ahead = _line(sizes)
    differences = np.hstack([-np.ones((len(names) - 1, 1)), np.eye(len(names) - 1)])
    contrasts = np.vstack([np.kron(slope, differences), np.kron(ahead, differences)])
    values = contrasts @ means
    widths = Joint.draw(variation, contrasts, rules.seed).together(rules.level_spent)
    gain, following = np.split(np.stack([values, values - widths, values + widths], axis=1), 2)
    return [
        Trend(name, *(float(v) for v in (*gain[i], *following[i])))
        for i, name in enumerate(names[1:])
    ]


def _line(sizes: Sequence[int]) -> tuple[Array, Array]:
    """Weights of the sizes' values in a least-squares line over log₂ size: its slope, and its
    value at twice the largest size.
    """
    doublings = np.log2(np.asarray(sizes, dtype=np.float64))
    centred = doublings - doublings.mean()
    slope = centred / np.square(centred).sum()
    ahead = 1 / len(sizes) + slope * (doublings[-1] + 1 - doublings.mean())
    return np.asarray(slope), np.asarray(ahead)


def _no_trend(sizes: Sequence[int], last: Comparison, whole: Sequence[str]) -> str:
    if len(sizes) < 2:
        return "One size of training data shows no trend."
    if last.best is None:
        return "Every contestant failed on the largest training part: no trend is known."
    if last.best not in whole:
        return f"{last.best} failed on a smaller training part: no trend is known."
    return f"Only {last.best} finished at every size: no trend is known."


def _sentence(last: Comparison, trends: Sequence[Trend], size: int) -> str:
    units, best = Units.of(last), last.best
    twice = f"with twice the data ({2 * size:,} training examples)"
    sure = [t for t in trends if t.next_low > 0]
    if sure:
        ahead = listed([f"{t.name} (by {units.difference(t.next)})" for t in sure])
        return (
            f"More data would change the winner, if the trends go on: {twice} {ahead} would pass"
            f" {best}."
        )
    possible = [t for t in trends if t.next_high > 0]
    if not possible:
        return (
            f"More data would not change the winner: {twice} {best} stays ahead, as the trends go."
        )
    closest = max(possible, key=lambda t: t.next)
    closing = [t for t in possible if t.gain_low > 0]
    if closing:
        gains = listed(
            [f"{t.name} gains {units.difference(t.gain)} with every doubling" for t in closing]
        )
        start = f"More data may change the winner: {gains}; "
    else:
        start = "Whether more data would change the winner cannot be told: "
    side = "ahead of" if closest.next > 0 else "behind"
    return (
        f"{start}{twice} {closest.name} would be {units.difference(closest.next)} {side} {best},"
        f" anything from {units.difference(closest.next_low)} behind to"
        f" {units.difference(closest.next_high)} ahead"
        f"{_more(len(possible) - 1)}."
    )


def _more(count: int) -> str:
    return f", and {count} more may pass it" if count else ""
