"""Edits that are needed to mend what was written, over the characters that were wanted.

    rate = Σ (insertions + deletions + substitutions) / Σ characters of the targets

It may exceed 1.
"""

from __future__ import annotations

from typing import Any

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.edits import edit_statistics
from seqlab.registry import registered

CARD = {"tasks": ["transcribe"]}


@registered
class CharacterErrorRate(AdditiveMetric):
    """Statistics: edits, and characters of the target."""

    higher_is_better = False
    space = "text"

    def collect(self, predictions: Any, targets: Any) -> Array:
        """Of texts (n) and texts (n): (n, 2)."""
        return edit_statistics(predictions, targets)
