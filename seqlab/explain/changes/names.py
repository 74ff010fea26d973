"""Terms of a list of pairs are swapped, such as names."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import TextChange
from seqlab.explain.swaps import replaced, term_pattern
from seqlab.registry import registered

CARD = {"says": "Terms of a list of pairs are swapped, such as names"}


@registered
class Names(TextChange):
    """See above."""

    def apply(self, value: str, rng: np.random.Generator) -> str | None:
        for pair in self.terms:
            for term, other in (pair, pair[::-1]):
                if term_pattern(term).search(value):
                    return replaced(term_pattern(term), term, other, value)
        return None
