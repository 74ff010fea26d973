"""All values are a tenth larger."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import SeriesChange, Values
from seqlab.registry import registered

CARD = {"says": "All values are a tenth larger"}


@registered
class Scaling(SeriesChange):
    """See above."""

    def apply(self, value: Values, rng: np.random.Generator) -> Values | None:
        return (value * (1 + 0.1 * self.strength)).astype(np.float32)
