"""A series begins a little later, its first steps repeated."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import SeriesChange, Values
from seqlab.registry import registered

CARD = {"says": "A series begins a little later, its first steps repeated"}


@registered
class TimeShift(SeriesChange):
    """See above."""

    def apply(self, value: Values, rng: np.random.Generator) -> Values | None:
        steps = max(1, round(0.05 * self.strength * len(value)))
        if steps >= len(value):
            return None
        return np.concatenate([np.repeat(value[:1], steps, axis=0), value[:-steps]])
