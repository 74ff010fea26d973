"""The baseline contract: a contestant without gradient descent, saved without pickle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.base import Exhibit, Predictions, Task
from seqlab.tasks.parts import Input, Part, Target
from seqlab.tasks.row_task import RowTask

P = TypeVar("P", bound=Part)
T = TypeVar("T", bound=Task)  # the kind of task that a baseline enters

State = tuple[dict[str, Any], dict[str, NDArray[np.generic]]]  # JSON values, arrays


class Baseline(ABC, Generic[T]):
    """A humble contestant; its card names the tasks it can enter: {"tasks": ["classify"]}.

    A card's `needs` is a module that may not be installed, its `extra` what installs it.

    floor: what a contestant that learned nothing reaches in its tasks, one for each; a task whose
    card says `"floor": False` has none. constant: every example gets the same answer.
    """

    name: ClassVar[str]
    deterministic: ClassVar[bool] = True
    floor: ClassVar[bool] = False
    constant: ClassVar[bool] = False
    wants: ClassVar[str] = "data of another kind"  # what it enters, where that is not all
    # Of a task of rows: the inputs that it reads and the targets that it predicts; empty: any.
    input_types: ClassVar[tuple[type[Input], ...]] = ()
    target_types: ClassVar[tuple[type[Target], ...]] = ()

    @classmethod
    def enters(cls, task: Task) -> bool:
        """Whether it can be fitted for a task that its card names, as that task was fitted."""
        if not isinstance(task, RowTask):
            return not cls.input_types and not cls.target_types
        reads = not cls.input_types or isinstance(task.reader, cls.input_types)
        return reads and (not cls.target_types or isinstance(task.target, cls.target_types))

    @abstractmethod
    def fit(self, task: T, train: Examples, valid: Examples, seed: int) -> Self:
        """Learn from the training part; the validation part may choose between few settings."""

    @abstractmethod
    def predict(self, task: T, examples: Examples) -> Predictions:
        """Predictions in the shape of the task's own `predict`."""

    def exhibits(self, task: T, examples: Examples) -> list[Exhibit]:
        """What a report should show beyond its predictions, as a task shows of a model's inside."""
        return []

    @property
    @abstractmethod
    def parameters(self) -> int:
        """How many numbers were learned."""

    def brought_parameters(self) -> int:
        """Numbers that it uses and that were learned elsewhere."""
        return 0

    def unfitted(self) -> Self:
        """One of the same settings that has learned nothing."""
        return type(self)()

    @abstractmethod
    def state(self) -> State:
        """What was learned: values for JSON, arrays for safetensors."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: State) -> Self:
        """A fitted baseline from what `state` gave."""


def input_of(task: RowTask, kind: type[P]) -> P:
    """The input of a task of rows, of a kind that the baseline enters."""
    assert isinstance(task.reader, kind)
    return task.reader


def target_of(task: RowTask, kind: type[P]) -> P:
    """The target of a task of rows, of a kind that the baseline enters."""
    assert isinstance(task.target, kind)
    return task.target
