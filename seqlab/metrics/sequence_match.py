"""Share of examples whose whole output is as wanted, character by character (exact match)."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.registry import registered

CARD = {"tasks": ["translate", "transcribe"]}


@registered
class SequenceMatch(AdditiveMetric):
    """Statistics: right (0 or 1), and a count of one."""

    higher_is_better = True
    space = "text"
    unit_range = True

    def collect(self, predictions: Any, targets: Any) -> Array:
        """Of texts (n) and texts (n): (n, 2)."""
        right = np.array([p == t for p, t in zip(predictions, targets, strict=True)], dtype=float)
        return np.stack([right, np.ones_like(right)], axis=1)
