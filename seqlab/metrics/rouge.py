"""ROUGE: what a summary shares with its reference, as the mean over examples of an F-score.

    F = 2 P R / (P + R),   P = shared / written,   R = shared / wanted

Words are runs of letters and digits in lower case, without stemming.

Lin (2004), ROUGE: a package for automatic evaluation of summaries.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqlab.metrics.base import Array

Words = Sequence[str]
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """A text as ROUGE reads it."""
    return _WORD.findall(text.lower())


def shared_ngrams(order: int) -> Callable[[Words, Words], tuple[int, int, int]]:
    """What counts n-grams: shared, written, wanted."""

    def count(written: Words, wanted: Words) -> tuple[int, int, int]:
        first, second = (
            Counter(tuple(side[i : i + order]) for i in range(len(side) - order + 1))
            for side in (written, wanted)
        )
        return (first & second).total(), first.total(), second.total()

    return count


def longest_common(written: Words, wanted: Words) -> tuple[int, int, int]:
    """The length of the longest common subsequence, and of both."""
    row = [0] * (len(wanted) + 1)
    for a in written:
        diagonal = 0
        for j, b in enumerate(wanted, start=1):
            diagonal, row[j] = row[j], diagonal + 1 if a == b else max(row[j], row[j - 1])
    return row[-1], len(written), len(wanted)


def f_scores(
    predictions: Sequence[Any],
    targets: Sequence[Any],
    count: Callable[[Words, Words], tuple[int, int, int]],
) -> Array:
    """F and a count of one for each pair of texts, (n, 2)."""
    rows = []
    for prediction, target in zip(predictions, targets, strict=True):
        shared, written, wanted = count(words(prediction), words(target))
        rows.append([2 * shared / (written + wanted) if shared else 0.0, 1.0])
    return np.array(rows)
