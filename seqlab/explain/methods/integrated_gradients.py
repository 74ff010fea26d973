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
from seqlab.explain.methods.base import Case, OfNetworks, batches_of
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
            outputs = []
            for output in range(case.question.count(batch.rows)):
                slopes, share, used = self._integrated(case, entry, base, output)
                missed, points = max(missed, share), max(points, used)
                pulls = [s * (x - b) for s, x, b in zip(slopes, entry.entered, base, strict=True)]
                outputs.append(case.units.sums(batch, pulls, slopes))
            for place, row in enumerate(batch.rows):
                values[int(row)] = np.stack([own[place] for own in outputs])
        return Attribution(self.name, values, facts={"missed": missed, "points": float(points)})

    def _integrated(
        self, case: Case, entry: Entry, base: Tensors, output: int
    ) -> tuple[Tensors, float, int]:
        """The mean gradients, the largest share that their sum misses, and the points used."""
        import torch

        with torch.no_grad():
            ends = [
                entry.scores(case.question.scores, end).double() for end in (entry.entered, base)
            ]
        column = min(output, ends[0].shape[1] - 1)
        wanted = (ends[0] - ends[1])[:, column]
        points = self.points
        while True:
            slopes = _mean_gradient(case, entry, base, output, points)
            pulled = [
                (s * (x - b)).double().flatten(1).sum(dim=1)
                for s, x, b in zip(slopes, entry.entered, base, strict=True)
            ]
            total = torch.stack(pulled).sum(dim=0)
            share = _missed(_by_example(entry, total), wanted)
            if share <= ALLOWED or 2 * points > self.most:
                return slopes, share, points
            points *= 2


def _by_example(entry: Entry, totals: Tensor) -> Tensor:
    """Sums of sequences, where an example is read in several."""
    from seqlab.tasks.row_task import EXAMPLE_OF_SEQUENCE

    of = entry.batch.extra.get(EXAMPLE_OF_SEQUENCE)
    if of is None:
        return totals
    return totals.new_zeros(len(entry.batch.rows)).index_add(0, of, totals)


def _mean_gradient(case: Case, entry: Entry, base: Tensors, output: int, points: int) -> Tensors:
    """One point after the other, so that memory does not grow with their number."""
    places, weights = np.polynomial.legendre.leggauss(points)
    total: Tensors = ()
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        there = tuple(b + place * (x - b) for x, b in zip(entry.entered, base, strict=True))
        _, slopes = entry.gradients(case.question.scores, there, output)
        scaled = tuple(weight * slope for slope in slopes)
        total = tuple(a + b for a, b in zip(total, scaled, strict=True)) if total else scaled
    return total


def _missed(total: Tensor, wanted: Tensor) -> float:
    """The largest share of a difference that a sum misses."""
    share = (total - wanted).abs() / wanted.abs().clamp(min=NEGLIGIBLE)
    return float(share.max())
