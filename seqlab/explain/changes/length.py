"""A neutral sentence stands behind the text."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import TextChange
from seqlab.registry import registered

CARD = {"says": "A neutral sentence stands behind the text"}


@registered
class Length(TextChange):
    """See above."""

    neutral = "That was on a Tuesday"

    def apply(self, value: str, rng: np.random.Generator) -> str | None:
        return " ".join([value, *[f"{self.neutral}."] * max(1, round(self.strength))])
