"""Share of tokens (or time steps) whose tag is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.registry import registered

CARD = {"tasks": ["tag"]}


@registered
class TokenAccuracy(AdditiveMetric):
    """Statistics: tokens that are right, and all tokens."""

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Any, targets: Any) -> Array:
        """Sequences of tags: a list of strings an example."""
        counts = []
        for predicted, wanted in zip(predictions, targets, strict=True):
            right = sum(p == w for p, w in zip(predicted, wanted, strict=True))
            counts.append((right, len(wanted)))
        return np.asarray(counts, dtype=np.float64).reshape(-1, 2)
