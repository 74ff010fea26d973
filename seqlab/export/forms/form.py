"""The contract of a form: a network of tensors alone, what it is tried on, how it predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from seqlab.data.examples import Examples
from seqlab.export.runtime import Session
from seqlab.tasks.base import Predictions

MOST_ROWS = 512  # of the examples that a file is tried on
BATCH, TIME = "batch", "time"  # what axes of any size are called


@dataclass(frozen=True)
class Port:
    """A tensor that goes in or comes out: its name, and the axes that may have any size."""

    name: str
    axes: dict[int, str]


def some_of(examples: Examples) -> Examples:
    """At most `MOST_ROWS` of the examples, evenly over all."""
    if len(examples) <= MOST_ROWS:
        return examples
    return examples.take(np.linspace(0, len(examples) - 1, MOST_ROWS).astype(np.int64))


class Form(ABC):
    """What of a task's model becomes a file. Without a model a form only predicts.

    A caller may rely on `network(*arguments)` giving a tensor for each of `outputs`, and on
    `predict` giving what the task's own prediction gives, with the file in the model's place.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    @abstractmethod
    def network(self) -> nn.Module:
        """Tensors in the order of `inputs` → tensors in the order of `outputs`."""

    @abstractmethod
    def lengths(self, examples: Examples) -> Sequence[int | None]:
        """The lengths that parity is tried at; None: these sequences have one length."""

    def reads(self, examples: Examples, length: int) -> bool:
        """Whether the model itself can read so many positions."""
        return False

    @abstractmethod
    def arguments(self, examples: Examples, rows: int, length: int | None) -> tuple[Tensor, ...]:
        """So many real examples, the first of this length, the others as long or shorter."""

    @abstractmethod
    def predict(self, session: Session, examples: Examples) -> Predictions:
        """The task's predictions, computed by the file."""

    def compared(
        self, outputs: Sequence[NDArray[Any]], arguments: Sequence[NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """What of the outputs must agree: all of them, unless something in them is never read."""
        return [np.asarray(output) for output in outputs]
