"""The task contract: recognise data, prepare it, and own head, loss, prediction and exhibits.

A task has two lives. As a class it looks at raw tables: is this mine, what is in it, how is it
split. `prepare` gives fitted instances (vocabulary, labels, scaler – all from the training part),
which then encode, score and explain, and can be saved and loaded without the data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data.dependence import Dependence, InGroups
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.folders import join_splits
from seqlab.data.table import Table
from seqlab.metrics.base import Array, Metric
from seqlab.specs import Spec

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seqlab.batch import Batch
    from seqlab.model.base import Model
    from seqlab.model.sequence_model import SequenceModel
    from seqlab.specs import ModelSpec

Shortening = Literal["inputs", "targets too"] | None
# An array, examples first; or Ragged, where an example's prediction is itself a sequence.
Predictions = NDArray[np.float64] | Ragged


def as_array(predictions: Predictions) -> NDArray[np.float64]:
    """Predictions of a task that gives each example as many numbers."""
    assert isinstance(predictions, np.ndarray), "sequences of unequal length"
    return predictions


def as_ragged(predictions: Predictions) -> Ragged:
    """Predictions of a task that gives each example a sequence."""
    assert isinstance(predictions, Ragged), "an array"
    return predictions


@dataclass(frozen=True)
class Confidence:
    """How sure a task is that a table is its own (0…1), and why, in words for the user."""

    score: float
    why: str
    options: str = ""  # that make it sure, as they are typed: where it only looks like its own


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
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="a task's own settings: on the command line --set options.NAME=VALUE",
    )


@dataclass(frozen=True)
class Exhibit:
    """Something to show, as data with a kind; the report draws kinds and knows no task.

    table     columns: [str], rows: [[…]]
    curve     x_label, y_label, x: […], y: […], count: […] or absent (points under few examples)
    matrix    rows: [str], columns: [str], values: [[float]], row_label, column_label
    examples  items: [{text, target, predicted, score, note?, curve?: [y, …] to be drawn small}]
    series    items: [{title, history: {x, y}, target: {x, y}, predicted: {x, y, low?, high?},
              x_label?, y_label?, answer?: what the contestant says in words}]
    scatter   x_label, y_label, x: […], y: […]; with diagonal: true, the line where they agree
    marked    items: [{tokens: [str], target: [str], predicted: [str], title?, note?}]; "" marks
              nothing; a title is what is asked of the tokens, a note what a contestant adds
    samples   items: [{title, text}], shown side by side, one contestant beside the other
    images    items: [{pixels: rows of 0…1 or of [r, g, b], target, predicted, score?}]

    A curve with diagonal: true shows the line where both axes agree (reliability diagrams).

    Contestants' curves of one title are drawn together.
    """

    kind: Literal[
        "table", "curve", "matrix", "examples", "series", "scatter", "marked", "samples", "images"
    ]
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
    per_position: bool = False  # an output for every position, not one for the sequence


@dataclass(frozen=True)
class Loss:
    """A batch's loss: the value to differentiate, and how many targets it averages over.

    `state` is what the model carries into a batch that continues this one's sequences.
    """

    value: Tensor
    weight: float
    state: Any = None


@dataclass(frozen=True)
class Prepared:
    """A fitted task and its encoded parts, with what was found and done to the data on the way."""

    task: Task
    train: Examples
    valid: Examples
    test: Examples
    card: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class Task(ABC):
    """One thing people want from sequences. Subclasses: one a file, under `@registered`."""

    name: ClassVar[str]
    metrics: tuple[str, ...]  # all that are reported; the first is the primary one
    model_defaults: Mapping[str, Any] = MappingProxyType({})  # ModelSpec fields, over a recipe's
    train_defaults: Mapping[str, Any] = MappingProxyType({})  # TrainSpec fields
    row_by_row: bool = False  # each row of a table is an example: long files are read in pieces
    running_text: bool = False  # long files are read in stretches of text that go on
    unseen_counts_as: str = "counted as wrong"  # what is wanted and training does not have
    # What training on the beginnings of sequences shortens; None: the targets would be wrong.
    shortens: Shortening = None
    both_directions: bool = False  # mixers that only look back get one that looks ahead beside them

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

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """A made-up table of this task's kind, easy to learn: what its conformance is tested on."""
        raise NotImplementedError(f"{cls.__name__} makes no sample")

    # -- fitted, for models --------------------------------------------------------------------

    @property
    @abstractmethod
    def inputs(self) -> Inputs:
        """What a model reads."""

    @abstractmethod
    def head(self, width: int) -> nn.Module:
        """From what the model gives, (B, width) or (B, T, width), to the task's outputs."""

    def model(self, spec: ModelSpec) -> Model:
        """The model of a spec for this task, with its head; most tasks keep this one."""
        model = sequence_model(spec, self.inputs)
        model.head = self.head(model.head_width)
        return model

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
    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """The training loss of a batch; `state` comes from the one that this one continues."""

    @abstractmethod
    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """Predictions for a batch's examples, in the batch's order: an array, or Ragged."""

    # -- fitted, for people --------------------------------------------------------------------

    @abstractmethod
    def encode(self, table: Table) -> Examples:
        """New data, labelled or not, as examples."""

    def labelled(self, table: Table) -> Examples:
        """Data with what is wanted of them, as examples to be scored."""
        return self.encode(table)

    def encode_pieces(self, tables: Iterator[Table], labelled: bool = False) -> Iterator[Examples]:
        """The examples of tables that are pieces of one file, piece by piece."""
        yield from map(self.labelled if labelled else self.encode, tables)

    def dependence(self, tests: Sequence[Examples]) -> Dependence | None:
        """Which examples of the folds' test parts, one after the other, move together; None where
        every example is its own.
        """
        numbers, offset = [], 0
        for test in tests:
            if test.blocks is None:
                return None
            numbers.append(test.blocks + offset)
            offset += int(test.blocks.max()) + 1
        return InGroups(np.concatenate(numbers))

    def known(self, examples: Examples) -> NDArray[np.bool_]:
        """Which examples say what is wanted of them: no others can be scored. Usually all."""
        return np.ones(len(examples), dtype=bool)

    def unseen(self, examples: Examples) -> Mapping[str, int]:
        """How often what is wanted is something that training does not have, by its name."""
        return {}

    def left_out(self, examples: Examples) -> Mapping[str, int]:
        """Why examples cannot be scored, each reason with how many there are."""
        unknown = int((~self.known(examples)).sum())
        return {"no target": unknown} if unknown else {}

    @abstractmethod
    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Array:
        """The metric's per-example statistics, in the metric's space: (examples, K)."""

    @abstractmethod
    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """What a report should show about these predictions."""

    def model_exhibits(self, model: nn.Module, examples: Examples) -> list[Exhibit]:
        """What a report should show of the inside of a model, such as its attention."""
        return []

    @abstractmethod
    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """Predictions as a table for people: one row per example, or per forecast date."""

    def present_pieces(
        self, pieces: Iterator[tuple[Predictions, Examples]]
    ) -> Iterator[pd.DataFrame]:
        """As `present`, for pieces of one file that come one after the other."""
        for predictions, examples in pieces:
            yield self.present(predictions, examples)

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


def sequence_model(spec: ModelSpec, inputs: Inputs) -> SequenceModel:
    """A plain sequence model that reads such inputs, without its head."""
    from seqlab.model.sequence_model import SequenceModel

    return SequenceModel(
        spec,
        tokens=inputs.size if inputs.kind == "tokens" else 0,
        channels=inputs.size if inputs.kind == "values" else 0,
        length=inputs.length,
        causal=inputs.causal,
        per_position=inputs.per_position,
    )
