"""A verb is turned into its opposite: is, is not."""

from __future__ import annotations

import re

import numpy as np

from seqlab.explain.changes.base import TextChange
from seqlab.registry import registered

CARD = {"says": "A verb is turned into its opposite: is, is not"}

VERB = re.compile(
    r"\b(is|are|was|were|does|did|has|have|can|will|would|should|could)\b(?! ?n['’]t| not)",
    re.IGNORECASE,
)


@registered
class Negation(TextChange):
    """See above."""

    def apply(self, value: str, rng: np.random.Generator) -> str | None:
        changed = VERB.sub(lambda verb: f"{verb[1]} not", value, count=1)
        return changed if changed != value else None
