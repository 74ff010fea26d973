"""Quality against the size of the training part, and whether more data would change the winner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqlab.compare.comparison import Comparison, plain
from seqlab.compare.contestants import Contestant, IntArray
from seqlab.compare.decision import Rules, compare
from seqlab.metrics.base import Metric

DRAWS = 2000
AHEAD = 2.0  # the verdict looks ahead to twice the data


@dataclass(frozen=True)
class SizeCurves:
    """A comparison at every size, and a sentence about the next doubling."""

    comparisons: dict[int, Comparison]
    overtakers: tuple[str, ...]  # expected to be ahead of the best at twice the data
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
            "overtakers": list(self.overtakers),
            "possible": list(self.possible),
            "sentence": self.sentence,
        }


def judge_sizes(
    at: Mapping[int, Sequence[Contestant]], metric: Metric, blocks: IntArray | None, rules: Rules
) -> SizeCurves:
    """Compare at every size and extend the trend of each difference to twice the largest one.

    The trend is a straight line in the logarithm of the size through the two largest sizes; its
    interval comes from redrawing seeds, and examples (the same ones at both sizes), with
    replacement.
    """
    sizes = sorted(at)
    comparisons = {size: compare(at[size], metric, blocks=blocks, rules=rules) for size in sizes}
    best = comparisons[sizes[-1]].best
    if len(sizes) < 2 or best is None:
        return SizeCurves(comparisons, (), (), "One size of training data shows no trend.")
    smaller, larger = ({c.name: c for c in at[size]} for size in sizes[-2:])
    if smaller[best].statistics is None:
        return SizeCurves(
            comparisons, (), (), f"{best} failed on the smaller training part: no trend is known."
        )
    step = np.log(AHEAD) / np.log(sizes[-1] / sizes[-2])
    rng = np.random.default_rng(rules.seed)
    sure, possible = [], []
    for name in larger:
        if name == best or larger[name].statistics is None or smaller[name].statistics is None:
            continue
        pairs = [(side[name], side[best]) for side in (smaller, larger)]
        low, high = _ahead(pairs, metric, blocks, step, rng)
        if low > 0:
            sure.append(name)
        elif high > 0:
            possible.append(name)
    sentence = _sentence(best, sure, possible, sizes[-1])
    return SizeCurves(comparisons, tuple(sure), tuple(possible), sentence)


def _ahead(
    pairs: Sequence[tuple[Contestant, Contestant]],
    metric: Metric,
    blocks: IntArray | None,
    step: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """A 95 % interval of how far the first is ahead of the second after the next step."""
    statistics = pairs[0][0].statistics
    assert statistics is not None
    weights = _weights(statistics.shape[1], blocks, rng)
    sign = 1.0 if metric.higher_is_better else -1.0
    gaps = [
        sign * (_draws(first, metric, weights, rng) - _draws(second, metric, weights, rng))
        for first, second in pairs
    ]
    later = gaps[1] + step * (gaps[1] - gaps[0])
    return float(np.quantile(later, 0.025)), float(np.quantile(later, 0.975))


def _weights(examples: int, blocks: IntArray | None, rng: np.random.Generator) -> Any:
    """How often each example is drawn, whole blocks at a time, (draws, examples)."""
    block_of = np.arange(examples) if blocks is None else np.unique(blocks, return_inverse=True)[1]
    units = int(block_of.max()) + 1
    return rng.multinomial(units, np.full(units, 1 / units), DRAWS)[:, block_of].astype(float)


def _draws(contestant: Contestant, metric: Metric, weights: Any, rng: np.random.Generator) -> Any:
    """The metric on every draw of examples, averaged over redrawn seeds, (draws,)."""
    assert contestant.statistics is not None
    values = np.stack([metric.reduce(one, weights) for one in contestant.statistics])  # (k, draws)
    chosen = rng.integers(0, len(values), values.shape)
    return np.take_along_axis(values, chosen, axis=0).mean(axis=0)


def _sentence(best: str, sure: Sequence[str], possible: Sequence[str], size: int) -> str:
    twice = f"with twice the data ({round(AHEAD * size):,} training examples)"
    if sure:
        return f"More data would change the winner: {twice} {', '.join(sure)} would pass {best}."
    if possible:
        return (
            f"More data could change the winner: {twice} {', '.join(possible)} may pass {best};"
            " the trend is not clear enough to say."
        )
    return f"More data would not change the winner: {twice} {best} stays ahead, as the trends go."
