"""Mixup in embedding space: each example blended with another of its batch.

    x̃_i = λ x_i + (1 − λ) x_π(i),   and the loss of ỹ_i likewise

Zhang et al. (2018), mixup; on embeddings, Guo et al. (2019), Augmenting data with mixup. The
embedding and the shared losses ask what is mixed; nobody in between knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Mix:
    """Whom each example is blended with, (B,) row numbers, and its own share λ."""

    rows: Tensor
    share: float

    def blend(self, x: Tensor) -> Tensor:
        """x (B, …), each row with its other."""
        return self.share * x + (1 - self.share) * x[self.rows]


_current: Mix | None = None


@contextmanager
def mixing(mix: Mix | None) -> Iterator[None]:
    """Blend in this process while a `with` block runs."""
    global _current
    before, _current = _current, mix
    try:
        yield
    finally:
        _current = before


def current() -> Mix | None:
    """What is blended here and now."""
    return _current
