"""The task contract: recognise data, prepare it, and own head, loss, prediction and exhibits.

A task has two lives. As a class it looks at raw tables: is this mine, what is in it, how is it
split. `prepare` gives fitted instances (vocabulary, labels, scaler – all from the training part),
which then encode, score and explain, and can be saved and loaded without the data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.folders import join_splits
from seqlab.data.table import Table
from seqlab.metrics.base import Metric
from seqlab.specs import Spec

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seqlab.batch import Batch

Predictions = NDArray[np.float64]


@dataclass(frozen=True)
class Confidence:
    """How sure a task is that a table is its own (0…1), and why, in words for the user."""

    score: float
    why: str


@dataclass(frozen=True)
class Sources:
    """The tables as they came: one to be split, or given splits."""

    train: Table
    valid: Table | None = None
    test: Table | None = None

    def joined(self) -> Table:
        """One table; with a column `split` where parts were given."""
        parts = {"train": self.train, "valid": self.valid, "test": self.test}
        given = {name: table for name, table in parts.items() if table is not None}
        return self.train if len(given) == 1 else join_splits(given, self.train.origin)


class DataSpec(Spec):
    """What a user may say about the data; each task reads what concerns it.

    columns: roles to columns, as in {"text": "review", "label": "stars"}; a task names its roles.
    """

    columns: dict[str, str] = Field(default_factory=dict)
    split: str | None = None
    group: str | None = None
    folds: int | None = Field(None, ge=2)
    keep_duplicates: bool = False
    label_weights: bool = False
    tokenizer: Literal["word", "bpe", "character"] | None = None
    vocabulary: int = Field(20000, ge=3)
    max_tokens: int | None = Field(None, ge=1)
    horizon: int | None = None
    lookback: int | None = None
    season: int | None = None
    stride: int | None = None
    patch: int | None = None
    revin: bool = True
    channels: Literal["independent", "joint"] = "independent"
    calendar: bool = True
    metric: str | None = None


@dataclass(frozen=True)
class Exhibit:
    """Something to show, as data with a kind; the report draws kinds and knows no task.

    table     columns: [str], rows: [[…]]
    curve     x_label, y_label, x: […], y: […], count: […] or absent (points under few examples)
    matrix    rows: [str], columns: [str], values: [[float]], row_label, column_label
    examples  items: [{text, target, predicted, score, note?}]
    series    items: [{title, history: {x, y}, target: {x, y}, predicted: {x, y, low?, high?}}]

    Contestants' curves of one title are drawn together.
    """

    kind: Literal["table", "curve", "matrix", "examples", "series"]
    title: str
    data: dict[str, Any]
    note: str = ""


@dataclass(frozen=True)
class Inputs:
    """What a model reads and must give: tokens of a vocabulary, or values of some channels."""

    kind: Literal["tokens", "values"]
    size: int  # vocabulary size, or channels per position
    length: int | None = None  # the fixed number of positions, where it is fixed
    longest: int | None = None  # the most positions of a sequence, where that is known
    causal: bool = False


@dataclass(frozen=True)
class Loss:
    """A batch's loss: the value to differentiate, and how many targets it averages over."""

    value: Tensor
    weight: float


@dataclass(frozen=True)
class Prepared:
    """A fitted task and its encoded parts, with what was found and done to the data on the way."""

    task: Task
    train: Examples
    valid: Examples
    test: Examples
    card: dict[str, Any] = field(default_factory=dict)


class Task(ABC):
    """One thing people want from sequences. Subclasses: one a file, under `@registered`."""

    name: ClassVar[str]
    metrics: tuple[str, ...]  # all that are reported; the first is the primary one
    model_defaults: Mapping[str, Any] = MappingProxyType({})  # ModelSpec fields, over a recipe's
    train_defaults: Mapping[str, Any] = MappingProxyType({})  # TrainSpec fields

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the tables it was fitted on, by role; those that new data can rename."""
        return {}

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    @abstractmethod
    def recognise(cls, table: Table) -> Confidence:
        """Whether this table looks like this task's data, and why."""

    @classmethod
    @abstractmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """The data doctor: what is in the data, what will go wrong, what to do about it."""

    @classmethod
    @abstractmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Columns, cleaning, splits and fitted encoders; one element, or one per fold."""

    # -- fitted, for models --------------------------------------------------------------------

    @property
    @abstractmethod
    def inputs(self) -> Inputs:
        """What a model reads."""

    @abstractmethod
    def head(self, width: int) -> nn.Module:
        """From what the model's pooling gives, (B, width), to the task's outputs."""

    @abstractmethod
    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """All examples once; shuffled with a generator, in a fixed order without."""

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        """How many batches hold all examples; a shuffle may make it a few more or less."""
        return sum(1 for _ in self.batches(examples, batch_size, batch_tokens, None))

    @abstractmethod
    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        """The training loss of a batch."""

    @abstractmethod
    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """Predictions for a batch's examples, in the batch's order, as the metrics read them."""

    # -- fitted, for people --------------------------------------------------------------------

    @abstractmethod
    def encode(self, table: Table) -> Examples:
        """New data, labelled or not, as examples."""

    @abstractmethod
    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Any:
        """The metric's per-example statistics, in the metric's space: (examples, K)."""

    @abstractmethod
    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """What a report should show about these predictions."""

    @abstractmethod
    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """Predictions as a table for people: one row per example, or per forecast date."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the fitted state (JSON and a tokeniser) into a folder."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Task:
        """Read what `save` wrote."""

    def subset(self, examples: Examples, size: int, seed: int) -> Examples:
        """`size` training examples; smaller subsets are contained in larger ones."""
        order = np.random.default_rng(seed).permutation(len(examples))
        return examples.take(np.sort(order[:size]))
