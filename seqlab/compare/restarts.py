"""Seeds that came to nothing, and the two questions that one may ask of such a contestant.

*As it is*: what does a run bring? A seed that was lost scores as the trivial baseline (the
majority class, the naive forecast), for that is what remains to be used. *With restarts*: what
does someone get who runs r seeds and keeps the one that validates best? Its score is that of the
best of r seeds drawn with replacement from those that there are, the plug-in estimate; the spread
follows from its influence function, which for r = 1 is that of the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seqlab.compare.contestants import Contestant
from seqlab.metrics.base import Array, Metric

RESTARTS = 3
COLLAPSED = 0.1  # of the way from the trivial baseline to the best contestant
CLEARLY = 4.0  # standard errors that the best must be ahead of the trivial one, to have a scale
JACKKNIFE_PARTS = 50
MOST_LOST = 1 / 3  # of the seeds: a contestant that loses so many is not the best as it is


@dataclass(frozen=True, eq=False)
class Losses:
    """Which of a contestant's seeds came to nothing.

    collapsed  (k,) for each seed with a result: whether it ended at the trivial level
    lost       how many more ended without a result
    """

    collapsed: NDArray[np.bool_]
    lost: int

    @property
    def count(self) -> int:
        """Of both kinds."""
        return int(self.collapsed.sum()) + self.lost

    @property
    def seeds(self) -> int:
        """That were run."""
        return len(self.collapsed) + self.lost

    @property
    def some(self) -> bool:
        """Some came to nothing and some did not: another run may do better."""
        return 0 < self.count < self.seeds

    @property
    def many(self) -> bool:
        """Too many for the contestant to be called the best as it is."""
        return self.count >= MOST_LOST * self.seeds


def losses(
    contestants: Sequence[Contestant], trivial: Array | None, metric: Metric
) -> dict[str, Losses]:
    """The seeds of each contestant that came to nothing.

    A seed has collapsed if it made no more than COLLAPSED of the way from the trivial baseline's
    score (its statistics are (examples, K)) to the best contestant's, where that way is clear.
    """
    scores = {
        c.name: np.array([metric.value(run) for run in c.statistics])
        for c in contestants
        if c.statistics is not None
    }
    line = _line(contestants, scores, trivial, metric)
    sign = 1.0 if metric.higher_is_better else -1.0
    return {
        c.name: Losses(
            (sign * scores[c.name] <= line) & (not (c.deterministic or c.trivial)), c.lost
        )
        for c in contestants
        if c.statistics is not None
    }


def _line(
    contestants: Sequence[Contestant],
    scores: dict[str, Array],
    trivial: Array | None,
    metric: Metric,
) -> float:
    """The score, higher being better, up to which a seed has collapsed."""
    if trivial is None or not scores:
        return -np.inf
    sign = 1.0 if metric.higher_is_better else -1.0
    floor = sign * metric.value(trivial)
    best = max(scores, key=lambda name: float(np.median(sign * scores[name])))
    way = float(np.median(sign * scores[best])) - floor
    leader = next(c for c in contestants if c.name == best)
    assert leader.statistics is not None
    run = leader.statistics[int(np.argsort(sign * scores[best])[len(scores[best]) // 2])]
    doubt = _difference_error(run, trivial, metric)
    return floor + COLLAPSED * way if way > CLEARLY * doubt else -np.inf


def _difference_error(one: Array, other: Array, metric: Metric) -> float:
    """A standard error of the difference of two runs' scores, from parts of the examples.

    Parts are taken across their order, in which a table may be sorted by class.
    """
    count = min(JACKKNIFE_PARTS, len(one))
    parts = np.arange(len(one)) % count
    without = np.asarray(parts != np.arange(count)[:, None], dtype=np.float64)
    differences = metric.reduce(one, without) - metric.reduce(other, without)
    differences = differences[np.isfinite(differences)]
    if len(differences) < 2:
        return np.inf
    spread = np.square(differences - differences.mean()).mean()  # the jackknife's
    return float(np.sqrt((count - 1) * spread))


def as_it_is(contestant: Contestant, trivial: Array | None, metric: Metric) -> Contestant:
    """The contestant with its lost seeds scored as the trivial baseline.

    Or as its own worst seed, where that is worse still: to lose a run must help nobody. On
    validation they are the worst: who may choose among restarts would keep none of them.
    """
    if contestant.statistics is None or not contestant.lost or trivial is None:
        return contestant
    sign = 1.0 if metric.higher_is_better else -1.0
    left = min((trivial, *contestant.statistics), key=lambda run: sign * metric.value(run))
    lost = np.broadcast_to(left, (contestant.lost, *left.shape))
    worst = -np.inf if metric.higher_is_better else np.inf
    known = bool(contestant.validation)
    return replace(
        contestant,
        statistics=np.concatenate([contestant.statistics, lost]),
        seeds=(),
        validation=(*contestant.validation, *[worst] * contestant.lost) if known else (),
    )


@dataclass(frozen=True)
class Kept:
    """How many runs someone makes to keep the one that validates best; 1: every run counts alike.

    Where validation scores are not known, or training holds no chance, every run counts alike.
    """

    of: int = 1

    def weights(self, contestant: Contestant, metric: Metric) -> Array:
        """The chance (k,) of each seed to be the one that is kept."""
        rank = self._ranks(contestant, metric)
        if rank is None:
            assert contestant.statistics is not None
            return np.full(len(contestant.statistics), 1 / len(contestant.statistics))
        count = len(rank)
        return np.asarray((rank / count) ** self.of - ((rank - 1) / count) ** self.of)

    def effects(self, contestant: Contestant, metric: Metric, scores: Array) -> Array:
        """Values (k,) whose mean is the contestant's score and whose variance is that of its seeds.

        Without restarts these are the scores. For the best of r they are T + r(g_i − T), with g_i
        what is expected when seed i is one of the r: itself if no other of them validates better.
        """
        rank = self._ranks(contestant, metric)
        if rank is None:
            return scores
        count, others = len(scores), self.of - 1
        order = np.argsort(rank)  # the worst first
        below = (np.arange(count + 1) / count) ** others  # the chance that the others rank below
        ahead = np.append(np.cumsum((np.diff(below) * scores[order])[::-1])[::-1][1:], 0.0)
        expected = np.empty(count)
        expected[order] = scores[order] * below[1:] + ahead
        value = float(self.weights(contestant, metric) @ scores)
        return np.asarray(value + self.of * (expected - value))

    def _ranks(self, contestant: Contestant, metric: Metric) -> Array | None:
        """1 for the worst on validation, k for the best; None where every run counts alike."""
        if self.of == 1 or not contestant.validation or contestant.deterministic:
            return None
        sign = 1.0 if metric.higher_is_better else -1.0
        rank = np.empty(len(contestant.validation))
        order = np.argsort(sign * np.array(contestant.validation), kind="stable")
        rank[order] = np.arange(1, len(rank) + 1)
        return rank
