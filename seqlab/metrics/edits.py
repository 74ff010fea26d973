"""How many insertions, deletions and substitutions turn one sequence into another.

Levenshtein (1966), by rows of the table of all prefixes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqlab.metrics.base import Array


def edit_distance(first: Sequence[Any], second: Sequence[Any]) -> int:
    """The fewest edits."""
    if first == second:
        return 0
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def edit_statistics(predictions: Sequence[Any], targets: Sequence[Any]) -> Array:
    """Edits and the length of the target for each pair, (n, 2)."""
    pairs = zip(predictions, targets, strict=True)
    return np.array([[edit_distance(p, t), len(t)] for p, t in pairs], dtype=np.float64)
