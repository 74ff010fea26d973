"""Gradient × input: how fast the answer changes there, times what stands there.

    a_i = x_i · ∂f(x) / ∂x_i

Shrikumar et al. (2016), Not just a black box.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.explain.attribution import Attribution
from seqlab.explain.methods.base import Case, OfNetworks, batches_of, pulled
from seqlab.registry import registered

CARD = {"says": "the slope of the answer at this input, times what stands there: quick and rough"}

Array = NDArray[np.float64]


@registered
class GradientInput(OfNetworks):
    """One pass backwards for each score."""

    def attribute(self, case: Case) -> Attribution:
        from seqlab.explain.entry import Entry

        model = case.subject.network(self.name)
        values: list[Array] = [np.zeros((0, 0))] * len(case.examples)
        for batch in batches_of(case, case.examples):
            entry = Entry(model, batch)
            base = case.units.baseline(batch, entry.entered)
            outputs = [
                case.units.sums(batch, pulled(slopes, entry.entered, base), slopes)
                for slopes in entry.gradients(case.question.scores, entry.entered)
            ]
            for place, row in enumerate(batch.rows):
                values[int(row)] = np.stack([own[place] for own in outputs])
        return Attribution(self.name, values)
