"""One step in fifty is five standard deviations off."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import SeriesChange, Values
from seqlab.registry import registered

CARD = {"says": "One step in fifty is five standard deviations off"}


@registered
class Outliers(SeriesChange):
    """See above."""

    def apply(self, value: Values, rng: np.random.Generator) -> Values | None:
        count = max(1, round(self.strength * len(value) / 50))
        changed = value.copy()
        places = rng.choice(len(value), min(count, len(value)), replace=False)
        changed[places] += 5 * rng.choice([-1.0, 1.0], (len(places), value.shape[1]))
        return changed.astype(np.float32)
