"""Edits that are needed to mend what was written, over the tokens that were wanted.

    rate = Σ (insertions + deletions + substitutions) / Σ tokens of the targets

Of words it is the word error rate, of phonemes the phoneme error rate. It may exceed 1.
"""

from __future__ import annotations

from typing import Any

from seqlab.metrics.base import AdditiveMetric, Array
from seqlab.metrics.edits import edit_statistics
from seqlab.registry import registered

CARD = {"tasks": ["translate", "transcribe"]}


@registered
class TokenErrorRate(AdditiveMetric):
    """Statistics: edits, and tokens of the target."""

    higher_is_better = False
    space = "tokens"

    def collect(self, predictions: Any, targets: Any) -> Array:
        """Of token sequences (n) and token sequences (n): (n, 2)."""
        return edit_statistics(predictions, targets)
