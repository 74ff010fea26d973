"""Two neighbouring letters of a word change places."""

from __future__ import annotations

import numpy as np

from seqlab.explain.changes.base import TextChange
from seqlab.registry import registered

CARD = {"says": "Two neighbouring letters of a word change places"}


@registered
class Typos(TextChange):
    """See above."""

    def apply(self, value: str, rng: np.random.Generator) -> str | None:
        words = value.split()
        long = [i for i, word in enumerate(words) if len(word) > 3]
        if not long:
            return None
        count = max(1, round(self.strength * len(words) / 10))
        for i in rng.choice(long, min(count, len(long)), replace=False):
            at = int(rng.integers(1, len(words[i]) - 2)) if len(words[i]) > 4 else 1
            word = words[i]
            words[i] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        changed = " ".join(words)
        return changed if changed != value else None
