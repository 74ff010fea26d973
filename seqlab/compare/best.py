"""Who is shown to be behind another, and each contestant against the best of the others.

That contestant i is one of the best is a hypothesis: no other is ahead of it. All of these are
tested together, stepwise (Romano and Wolf, 2005): i is shown to be behind if some other's lead
over it is larger than chance explains, where chance is the largest lead that anyone could have over
any contestant not yet shown to be behind. Whatever the true means are, the probability that one of
the truly best is called worse is then at most the level; and a contestant that is clearly behind
makes it no harder to see another. Comparisons with the best (Hsu, 1984) protect the one that is
truly best and not its equals: of six equal contestants they call one worse more often than they
promise for the best.

If the intervals of all differences θ_i − θ_j hold, then so do these, whatever is chosen afterwards
(the maximum is monotone in each difference):
  θ_i − max_j θ_j  lies between  min_j (lower end of θ_i − θ_j)  and  min_j (upper end).
Where a difference was decided stepwise, its interval ends at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.compare.simultaneous import Joint, tail
from seqlab.metrics.base import Array


def stepwise(means: Array, joint: Joint, level: float) -> NDArray[np.bool_]:
    """(n, n): for each that is shown to be behind, the one whose lead over it shows that best.

    Means: higher is better. `joint` holds the contrasts of all pairs, in `pair_index`'s order.
    """
    count = len(means)
    first, second = pair_index(count)
    below = joint.below_them(means[first] - means[second])
    chance = np.ones((count, count))  # of a lead as large as the first's over the second, or larger
    chance[first, second], chance[second, first] = 1 - below, below
    drawn = np.ones((len(joint.below), count, count))
    drawn[:, first, second], drawn[:, second, first] = 1 - joint.below, joint.below
    smallest = drawn.min(axis=1)  # (draws, n), over those ahead of each
    behind = np.zeros(count, dtype=bool)
    found = True
    while found and not behind.all():
        bound = min(tail(smallest[:, ~behind], level), level)
        more = ~behind & (chance.min(axis=0) <= bound)
        found, behind = bool(more.any()), behind | more
    leader = chance.argmin(axis=0)
    return (np.arange(count)[:, None] == leader) & behind


@dataclass(frozen=True, eq=False)
class Differences:
    """All differences θ_i − θ_j of means, higher being better, and their intervals' ends, (n, n).

    `ahead` says which are shown to be above 0.
    """

    values: Array
    low: Array
    high: Array
    ahead: NDArray[np.bool_]

    @classmethod
    def of(cls, means: Array, joint: Joint, level: float, short: bool = False) -> Differences:
        """From the means (n,) and the joint draws of all pairs; `short`: nothing can be decided."""
        count = len(means)
        widths = np.zeros((count, count))
        widths[pair_index(count)] = np.inf if short else joint.together(level)
        widths += widths.T
        values = means[:, None] - means[None, :]
        low, high = values - widths, values + widths
        ahead = low > 0
        if not short:
            ahead = ahead | stepwise(means, joint, level)
        low, high = (
            np.where(ahead, np.maximum(low, 0.0), low),
            np.where(ahead.T, np.minimum(high, 0.0), high),
        )
        return cls(values, low, high, ahead)

    def between(self, ours: Sequence[int], theirs: Sequence[int]) -> tuple[float, float, float]:
        """The best of ours less the best of theirs: the difference and its interval's ends.

        A contestant on both sides is none of theirs.
        """
        rivals = [j for j in theirs if j not in ours]
        cells = np.ix_(list(ours), rivals)

        def best_of_ours(differences: Array) -> float:
            return float(differences[cells].min(axis=1).max())

        return best_of_ours(self.values), best_of_ours(self.low), best_of_ours(self.high)

    def with_the_best(self) -> WithTheBest:
        """Each contestant less the best of the others."""
        everyone = range(len(self.values))
        rows = [self.between([i], everyone) for i in everyone]
        seen, low, high = np.array(rows).T
        return WithTheBest(seen, low, high, np.asarray(self.ahead.any(axis=0)))


@dataclass(frozen=True, eq=False)
class WithTheBest:
    """Simultaneous intervals of each contestant's mean less the best of the others', (n,)."""

    differences: Array
    low: Array
    high: Array
    behind: NDArray[np.bool_]  # shown to be behind another


def pair_index(contestants: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and second of every pair, in the order of the pairs' contrasts."""
    return np.triu_indices(contestants, 1)


def pair_contrasts(contestants: int) -> Array:
    """The contrasts first − second of all pairs, (n(n−1)/2, n)."""
    first, second = pair_index(contestants)
    identity = np.eye(contestants)
    return np.asarray(identity[first] - identity[second])
