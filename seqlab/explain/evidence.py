"""Whether an explanation is true of a model: what the answer loses without the units it names.

    comprehensiveness   f(x) − f(x without the first q of units): high where they matter
    sufficiency         f(x) − f(the first q of units alone): low where they are enough

at q = 1, 5, 10, 20 and 50 %, for the units in a method's order and in random order, under each way
of removal. DeYoung et al. (2020), ERASER. What is left of an example is unlike any that the model
was trained on, so that these numbers compare orders and are no truth by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.explain.attribution import Attribution
from seqlab.explain.intervals import LEVEL, Estimate, mean_of
from seqlab.explain.methods.base import Case, scores_of
from seqlab.explain.units.base import Removal

Array = NDArray[np.float64]
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
RANDOM_ORDERS = 3
EVENLY = 1e-12  # attributions that differ by less name no order


@dataclass(frozen=True)
class Curves:
    """Of each example (n, shares): what the answer loses without the first units, and with them
    alone.
    """

    without: Array
    alone: Array

    @property
    def worth(self) -> Array:
        """Of each example one number: how much more is lost without them than with them alone."""
        return np.asarray((self.without - self.alone).mean(axis=1))


@dataclass(frozen=True)
class Tested:
    """A method against random order. gains: of its worth over random, for each way of removal."""

    method: str
    curves: dict[Removal, Curves]
    gains: dict[Removal, Estimate]
    gain: Estimate  # over all ways of removal together

    @property
    def holds(self) -> bool:
        """Whether it is shown to be above random order on these examples."""
        return self.gain.above

    @property
    def sentence(self) -> str:
        """What to make of it."""
        if self.holds:
            return f"{self.method} finds what the answers rest on better than chance does"
        return (
            f"{self.method} is not shown to be better than units in random order on these data:"
            " do not rely on it"
        )


def tested(case: Case, found: Sequence[Attribution]) -> list[Tested]:
    """Every method's order against random ones, on the case's examples."""
    rng = np.random.default_rng(case.seed)
    counts = [case.units.count(row) for row in range(len(case.examples))]
    whole = scores_of(case, case.question, case.examples)[:, 0]
    chance = [[rng.permutation(count) for count in counts] for _ in range(RANDOM_ORDERS)]
    by_chance = {
        how: [_curves(case, whole, orders, how) for orders in chance] for how in case.units.removals
    }
    results = []
    for one in found:
        orders = [_order(values[0], rng) for values in one.values]
        curves = {how: _curves(case, whole, orders, how) for how in case.units.removals}
        over = {
            how: own.worth - np.mean([other.worth for other in by_chance[how]], axis=0)
            for how, own in curves.items()
        }
        level = LEVEL / max(len(found), 1)  # all methods are judged at once
        gains = {how: mean_of(values, level) for how, values in over.items()}
        together = mean_of(np.mean(list(over.values()), axis=0), level)
        results.append(Tested(one.method, curves, gains, together))
    return results


def _order(values: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Units, that which speaks most for the answer first; ties in random order."""
    shuffled = rng.permutation(len(values))
    rounded = np.round(values / max(float(np.abs(values).max(initial=0)), EVENLY), 9)
    return np.asarray(shuffled[np.argsort(-rounded[shuffled], kind="stable")])


def _curves(case: Case, whole: Array, orders: Sequence[NDArray[np.int64]], how: Removal) -> Curves:
    """Numbers of units that several shares have in common are scored once."""
    rows, removed, places = [], [], []
    for row, order in enumerate(orders):
        sizes = np.maximum(1, np.ceil(np.array(SHARES) * len(order))).astype(int)
        for size in np.unique(sizes) if len(order) else ():
            first = np.zeros(len(order), dtype=bool)
            first[order[:size]] = True
            for side, flags in enumerate((first, ~first)):
                rows.append(row)
                removed.append(flags)
                places.append((row, side, np.flatnonzero(sizes == size)))
    lost = np.zeros((len(orders), 2, len(SHARES)))
    if rows:
        index = np.array(rows, dtype=np.int64)
        altered = case.units.without(index, removed, how, np.random.default_rng(case.seed))
        scores = scores_of(case, case.question.take(index), altered)[:, 0]
        for (row, side, which), score in zip(places, scores, strict=True):
            lost[row, side, which] = whole[row] - score
    return Curves(lost[:, 0], lost[:, 1])
