"""Each contestant against the best of the others, from the intervals of all pairs.

If the intervals of all differences θ_i − θ_j hold, then so do these, whatever is chosen afterwards
(max over j of θ_j is monotone in each difference; compare Hsu, 1996, section 4.2.4):
  θ_i − max_j θ_j  lies between  min_j (lower end of θ_i − θ_j)  and  min_j (upper end).
One family of intervals therefore gives the statuses, the table of pairs and the comparison of
families of contestants, and no two of them can contradict each other. The comparisons with the
best of Hsu (1984) are shorter, but protect the one that is truly best and not its equals: of six
equal contestants they call one worse in more than the 5 % that they promise for the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.metrics.base import Array


@dataclass(frozen=True, eq=False)
class Differences:
    """All differences θ_i − θ_j of means, higher being better, and their half-widths, (n, n)."""

    values: Array
    widths: Array

    @classmethod
    def of(cls, means: Array, widths: Array) -> Differences:
        """From the means (n,) and the half-widths of the pairs, in `pair_index`'s order."""
        matrix = np.zeros((len(means), len(means)))
        matrix[pair_index(len(means))] = widths
        return cls(means[:, None] - means[None, :], matrix + matrix.T)

    def between(self, ours: Sequence[int], theirs: Sequence[int]) -> tuple[float, float, float]:
        """The best of ours less the best of theirs: the difference and its interval's ends.

        A contestant on both sides is none of theirs.
        """
        rivals = [j for j in theirs if j not in ours]
        cells = np.ix_(list(ours), rivals)
        value, width = self.values[cells], self.widths[cells]

        def best_of_ours(differences: Array) -> float:
            return float(differences.min(axis=1).max())

        return best_of_ours(value), best_of_ours(value - width), best_of_ours(value + width)

    def with_the_best(self) -> WithTheBest:
        """Each contestant less the best of the others."""
        everyone = range(len(self.values))
        rows = [self.between([i], everyone) for i in everyone]
        seen, low, high = np.array(rows).T
        return WithTheBest(seen, low, high)


@dataclass(frozen=True, eq=False)
class WithTheBest:
    """Simultaneous intervals of each contestant's mean less the best of the others', (n,)."""

    differences: Array
    low: Array
    high: Array

    @property
    def candidates(self) -> NDArray[np.bool_]:
        """Those that are not shown to be behind another."""
        return self.high >= 0


def pair_index(contestants: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and second of every pair, in the order of the pairs' contrasts."""
    return np.triu_indices(contestants, 1)


def pair_contrasts(contestants: int) -> Array:
    """The contrasts first − second of all pairs, (n(n−1)/2, n)."""
    first, second = pair_index(contestants)
    identity = np.eye(contestants)
    return np.asarray(identity[first] - identity[second])
