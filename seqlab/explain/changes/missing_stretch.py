"""A tenth of the steps is missing and joined by lines."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import SeriesChange, Values
from seqlab.registry import registered

CARD = {"says": "A tenth of the steps is missing and joined by lines"}


@registered
class MissingStretch(SeriesChange):
    """See above."""

    def apply(self, value: Values, rng: np.random.Generator) -> Values | None:
        steps = max(1, round(0.1 * self.strength * len(value)))
        if steps + 2 > len(value):
            return None
        start = int(rng.integers(1, len(value) - steps))
        changed, kept = value.copy(), np.delete(np.arange(len(value)), np.s_[start : start + steps])
        for channel in range(value.shape[1]):
            changed[:, channel] = np.interp(np.arange(len(value)), kept, value[kept, channel])
        return changed
