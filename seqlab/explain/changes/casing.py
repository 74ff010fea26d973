"""All letters become capitals."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import TextChange
from seqlab.registry import registered

CARD = {"says": "All letters become capitals"}


@registered
class Casing(TextChange):
    """See above."""

    def apply(self, value: str, rng: np.random.Generator) -> str | None:
        return value.upper() if value.upper() != value else None
