"""Multiple comparisons with the best: each contestant against the best of the others.

Hsu (1984), "Constrained simultaneous confidence intervals for multiple comparisons with the
best", with critical values of their own for each control, since variances and seeds differ. For a
contestant i, bounds on θ_i − θ_j that hold together for all j are one-sided
"comparisons with a control". On the event that they hold for the true best alone:
  upper bound of θ_i − max θ_j:  max(0, min_j (difference_ij + half-width_ij))
  candidates for the best:       those whose minimum is not below 0
  lower bound:                   0 for an only candidate, else
                                 min(0, min over candidates j (difference_ij − half-width_ji))
are all right, for one error probability; no correction for the number of contestants that are
compared with each other is needed beyond that of one control with the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.compare.simultaneous import Joint, tail
from seqlab.metrics.base import Array


@dataclass(frozen=True, eq=False)
class WithTheBest:
    """Simultaneous intervals of each contestant's mean less the best of the others', (n,)."""

    differences: Array
    low: Array  # at most 0
    high: Array  # at least 0
    candidates: NDArray[np.bool_]  # not shown to be behind another


def pair_index(contestants: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and second of every pair, in the order of the pairs' contrasts."""
    return np.triu_indices(contestants, 1)


def pair_contrasts(contestants: int) -> Array:
    """The contrasts first − second of all pairs, (n(n−1)/2, n)."""
    first, second = pair_index(contestants)
    identity = np.eye(contestants)
    return np.asarray(identity[first] - identity[second])


def with_the_best(means: Array, joint: Joint, level: float) -> WithTheBest:
    """Intervals from means (n ≥ 2, higher is better) and the joint draws of all pairs."""
    widths = _widths(len(means), joint, level)
    difference = means[:, None] - means[None, :]
    itself = np.eye(len(means), dtype=bool)
    optimistic = np.where(itself, np.inf, difference + widths).min(axis=1)
    candidates = optimistic >= 0
    rivals = candidates[None, :] & ~itself
    pessimistic = np.where(rivals, difference - widths.T, np.inf).min(axis=1)
    return WithTheBest(
        differences=np.where(itself, np.inf, difference).min(axis=1),
        low=np.where(rivals.any(axis=1), np.minimum(pessimistic, 0.0), 0.0),
        high=np.maximum(optimistic, 0.0),
        candidates=candidates,
    )


def _widths(contestants: int, joint: Joint, level: float) -> Array:
    """One-sided half-widths of θ_i − θ_j with i as the control, (n, n).

    No pair is held to less than a two-sided interval of its own: between two equal contestants
    a difference must not be seen, in either direction, more often than the level says.
    """
    first, second = pair_index(contestants)
    widths = np.zeros((contestants, contestants))
    for control in range(contestants):
        ahead, behind = np.flatnonzero(first == control), np.flatnonzero(second == control)
        drawn = np.hstack([joint.below[:, ahead], 1 - joint.below[:, behind]])
        both = np.vstack([drawn, 1 - drawn])  # errors are symmetric: each draw serves twice
        probability = min(tail(both, level), level / 2)
        widths[control, second[ahead]] = joint.half_widths(probability, ahead)
        widths[control, first[behind]] = joint.half_widths(probability, behind)
    return widths
