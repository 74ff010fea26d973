"""Integrated gradients: the gradient along the straight way from nothing to the input.

    a_i = (x_i − b_i) · ∫₀¹ ∂f(b + α (x − b)) / ∂x_i dα,        Σ_i a_i = f(x) − f(b)

The integral is a Gauss–Legendre sum, whose points are doubled until the sum of all attributions
misses f(x) − f(b) by 1 % at most. b is the zero vector for tokens, the mean for values.

Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqlab.explain.attribution import Attribution
from seqlab.explain.methods.base import Case, OfNetworks, batches_of, pulled
from seqlab.registry import registered

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.explain.entry import Entry, Tensors

CARD = {
    "says": "the gradient, added up on the way from an input that says nothing to this one; the"
    " numbers of all units add up to the difference of both answers"
}

Array = NDArray[np.float64]
FEWEST_POINTS, MOST_POINTS = 8, 512
ALLOWED = 0.01  # of the difference of both answers, that the sum may miss
NEGLIGIBLE = 1e-3  # a difference of answers, of which 1 % is beyond what float32 can tell


@registered
class IntegratedGradients(OfNetworks):
    """points: that are begun with; most: that they are doubled up to."""

    def __init__(self, points: int = FEWEST_POINTS, most: int = MOST_POINTS) -> None:
        self.points, self.most = points, most

    def attribute(self, case: Case) -> Attribution:
        from seqlab.explain.entry import Entry

        model = case.subject.network(self.name)
        values: list[Array] = [np.zeros((0, 0))] * len(case.examples)
        missed, points = 0.0, self.points
        for batch in batches_of(case, case.examples):
            entry = Entry(model, batch)
            base = case.units.baseline(batch, entry.entered)
            every, share, used = self._integrated(case, entry, base)
            missed, points = max(missed, share), max(points, used)
            outputs = [
                case.units.sums(batch, pulled(slopes, entry.entered, base), slopes)
                for slopes in every
            ]
            for place, row in enumerate(batch.rows):
                values[int(row)] = np.stack([own[place] for own in outputs])
        return Attribution(self.name, values, facts={"missed": missed, "points": float(points)})

    def _integrated(
        self, case: Case, entry: Entry, base: Tensors
    ) -> tuple[list[Tensors], float, int]:
        """Mean gradients of each score, the largest share that their sums miss, the points used."""
        import torch

        with torch.no_grad():
            whole, nothing = (
                entry.scores(case.question.scores, end).double() for end in (entry.entered, base)
            )
        points = self.points
        while True:
            every = _mean_gradients(case, entry, base, points)
            sums = torch.stack(
                [_by_example(entry, pulled(slopes, entry.entered, base)) for slopes in every], dim=1
            )
            share = _missed(sums, whole - nothing)
            if share <= ALLOWED or 2 * points > self.most:
                return every, share, points
            points *= 2


def _by_example(entry: Entry, pulls: list[Tensor]) -> Tensor:
    """The sum over all that enters, of each example: it may be read in several sequences."""
    import torch

    from seqlab.tasks.row_task import EXAMPLE_OF_SEQUENCE

    totals = torch.stack([pull.double().flatten(1).sum(dim=1) for pull in pulls]).sum(dim=0)
    of = entry.batch.extra.get(EXAMPLE_OF_SEQUENCE)
    if of is None:
        return totals
    return totals.new_zeros(len(entry.batch.rows)).index_add(0, of, totals)


def _mean_gradients(case: Case, entry: Entry, base: Tensors, points: int) -> list[Tensors]:
    """One point after the other, so that memory does not grow with their number."""
    places, weights = np.polynomial.legendre.leggauss(points)
    total: list[Tensors] = []
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        there = tuple(b + place * (x - b) for x, b in zip(entry.entered, base, strict=True))
        scaled = [
            tuple(weight * slope for slope in slopes)
            for slopes in entry.gradients(case.question.scores, there)
        ]
        total = [_added(*pair) for pair in zip(total, scaled, strict=True)] if total else scaled
    return total


def _added(some: Tensors, more: Tensors) -> Tensors:
    return tuple(a + b for a, b in zip(some, more, strict=True))


def _missed(total: Tensor, wanted: Tensor) -> float:
    """The largest share of a difference that a sum misses."""
    share = (total - wanted).abs() / wanted.abs().clamp(min=NEGLIGIBLE)
    return float(share.max())
