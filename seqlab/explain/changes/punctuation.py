"""Punctuation at the end goes, or comes."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import TextChange
from seqlab.registry import registered

CARD = {"says": "Punctuation at the end goes, or comes"}


@registered
class Punctuation(TextChange):
    """See above."""

    def apply(self, value: str, rng: np.random.Generator) -> str | None:
        bare = value.rstrip(" .!?…")
        if not bare:
            return None
        return bare if bare != value.rstrip() else f"{value.rstrip()}."
