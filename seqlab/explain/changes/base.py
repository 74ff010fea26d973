"""The contract of changes: an altered input, or None where it cannot be altered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


class Change(ABC):
    """Of texts or of series; subclasses one a file, under `@registered`."""

    name: ClassVar[str]
    reads: ClassVar[str]  # text or series

    def __init__(self, strength: float = 1.0, terms: Sequence[Sequence[str]] = ()) -> None:
        """strength: how much is changed, 1 being usual. terms: pairs that are swapped."""
        self.strength, self.terms = strength, terms

    @abstractmethod
    def apply(self, value: Any, rng: np.random.Generator) -> Any | None:
        """The changed input; None where there is nothing to change."""


class TextChange(Change):
    """str → str."""

    reads = "text"


class SeriesChange(Change):
    """Standard values (steps, channels) → the same shape."""

    reads = "series"
