"""The contract of units: words of a text, stretches of a channel, patches of an image.

Everything that is explained is said of units. A kind of input names them, says which positions of
the model belong to each, and gives examples from which some of them are removed. There are three
ways to remove, which tell different stories:

    delete    it is gone: what stands behind it moves up, or its neighbours are joined by a line
    mask      something that says nothing stands there: an unknown word, the mean of a channel
    resample  something else from the data stands there

Deletion shifts positions, a mask may be unlike anything in the data, and what is drawn from the
data may by chance say the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.base import Task

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch

Removal = Literal["delete", "mask", "resample"]
REMOVALS: tuple[Removal, ...] = ("delete", "mask", "resample")

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]


class Units(ABC):
    """The units of some examples. removals: the ways in which they can be removed."""

    noun = "unit"
    removals: tuple[Removal, ...] = REMOVALS
    examples: Examples
    task: Task

    @abstractmethod
    def names(self, row: int) -> list[str]:
        """What each unit of an example is called, in the order of the input."""

    def keys(self, row: int) -> list[str]:
        """What each unit counts as over many examples."""
        return self.names(row)

    @abstractmethod
    def without(
        self, rows: Rows, removed: Sequence[Flags], how: Removal, rng: np.random.Generator
    ) -> Examples:
        """Example i as `rows[i]`, but without the units that `removed[i]` marks."""

    @abstractmethod
    def baseline(self, batch: Batch, entered: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """What says nothing in the place of `entered`, from which gradients are integrated."""

    @abstractmethod
    def sums(
        self, batch: Batch, pulls: Sequence[Tensor], gradients: Sequence[Tensor]
    ) -> list[Array]:
        """Of each example of a batch what its units contribute.

        `pulls` are gradient × (input − baseline), `gradients` the gradients, both as entered.
        """

    def batches(self, examples: Examples, batch_size: int, batch_tokens: int) -> Iterator[Batch]:
        """Examples as the task reads them, in a fixed order."""
        yield from self.task.batches(examples, batch_size, batch_tokens, None)

    def count(self, row: int) -> int:
        """How many units an example has."""
        return len(self.names(row))
