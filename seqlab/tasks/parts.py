"""The two halves of a task of rows: an input, which models read, and a target, which they predict.

A part has two lives. As a class it looks at raw tables: which columns are mine, which rows can I
not use, what is in them. `learn` then gives instances that know the training rows alone; they
encode any rows, and can be saved and loaded without the data.

Between the two stand *rows as anyone reads them*: Examples whose frame holds plain values under
fixed names (`text`, `label`, …), and raw arrays where a cell cannot hold them. Whatever a
contestant makes of a row – token ids, patches, pieces of another tokenizer – starts from there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.batching import plan_batches
from seqlab.data.columns import identifiers
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.splits import Splits
from seqlab.data.table import Table
from seqlab.metrics.base import Metric
from seqlab.runs import read_json, write_json
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Exhibit, Inputs, Predictions, Shortening, sequence_model

if TYPE_CHECKING:
    from seqlab.model.sequence_model import SequenceModel
    from seqlab.specs import ModelSpec

COLUMN_JOIN = "+"  # several columns in one role: label=toxic+insult
PROBLEM = "problem"  # the column that says why a row of new data has no prediction
OPEN = "open"  # shared by examples to be scored, which may ask for what training does not have

Arrays = dict[str, Array | Ragged]


class NoOptions(Spec):
    """Of a part that has nothing to set."""


@dataclass(frozen=True)
class ColumnRequest:
    """What is known before a part looks for its columns.

    named: role → column, as the user said. taken: columns with another role. likely: columns that
    the other part would take, for a part that takes whatever is left (channels of numbers).
    """

    named: Mapping[str, str]
    taken: Sequence[str] = ()
    likely: Sequence[str] = ()
    options: Any = None

    @property
    def others(self) -> list[str]:
        """Columns that are not this part's."""
        return [*self.taken, *self.likely]


@dataclass(frozen=True)
class ColumnChoice:
    """Which columns play a part's roles, how sure that is (0…1) and why, in words for the user.

    columns: role → column. notes: each guess in a sentence. layout: how those columns hold the
    values, where there are several ways.
    """

    columns: dict[str, str]
    score: float
    why: str
    notes: tuple[str, ...] = ()
    layout: Any = None


@dataclass(frozen=True)
class Sequences:
    """What a model reads at once.

    values: (N, T) token ids or (N, T, F) numbers. mask: (N, T), what of it is real; None: all.
    rows: (B,) the examples that are read. of: (N,) where an example is read in several sequences,
    which of `rows` each sequence is of: an example's answer is then the mean of theirs.
    """

    values: NDArray[Any]
    mask: NDArray[np.bool_] | None
    rows: NDArray[np.int64]
    of: NDArray[np.int64] | None = None


class Part(Spec, ABC):
    """An input or a target: a frozen spec of what was learned.

    roles: the roles of its columns, the first of which it cannot do without.
    options_type: what a user may set of it, under `options`.
    """

    roles: ClassVar[tuple[str, ...]]
    options_type: ClassVar[type[Spec]] = NoOptions

    columns: dict[str, str]

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    @abstractmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        """The part's columns; a UserError says why a table has none."""

    @classmethod
    def used(cls, table: Table, choice: ColumnChoice) -> list[str]:
        """Every column that is read: those of the roles, and those that its layout names."""
        return [name for column in choice.columns.values() for name in columns_in(table, column)]

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """Why each row cannot be used, in words; empty where it can."""
        return pd.Series("", index=table.frame.index, dtype=object)

    @classmethod
    @abstractmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """The part's values of each row, as anyone reads them; the table holds usable rows."""

    @classmethod
    @abstractmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """From the training rows alone."""

    @classmethod
    def check(cls, rows: Examples, choice: ColumnChoice, origin: str) -> None:
        """A UserError where the rows that are left cannot be used as they are."""

    @classmethod
    def settled(cls, rows: Examples, choice: ColumnChoice) -> ColumnChoice:
        """The choice with what its layout says of all rows together."""
        return choice

    # -- learned -------------------------------------------------------------------------------

    @abstractmethod
    def encode(self, rows: Examples) -> Arrays:
        """Arrays for models, of rows as anyone reads them."""

    def choice_for(self, table: Table) -> ColumnChoice:
        """The columns of new data: those it was learned from, as far as they are there."""
        present = {
            role: column
            for role, column in self.columns.items()
            if all(name in table.frame.columns for name in columns_in(table, column))
        }
        return ColumnChoice(present, 1.0, "as in training", layout=self.layout_for(table))

    def unreadable(self, table: Table, choice: ColumnChoice) -> pd.Series:
        """Why each row of new data cannot be read, beyond what is a flaw of any; empty: it can."""
        return type(self).flaws(table, choice)

    def layout_for(self, table: Table) -> Any:
        """How new data hold the values."""
        return None

    def card(self, train: Examples) -> dict[str, Any]:
        """What the data card says of it."""
        return {}

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        """What is to be said of the parts, train, valid and test, once encoded."""
        return []

    def save(self, folder: Path) -> None:
        """Write what was learned into a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "part.json", self.plain())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        path = folder / "part.json"
        return cls.read(read_json(path), str(path))


class Input(Part):
    """What models read of a row.

    unit: what an example is called in messages. reads: the name of the sequences that `encode`
    gives for models; where models read anything else, `lengths` and `sequences` are written.
    `row_by_row` says that each row of a table is an example, so that long files can be read in
    pieces. presents_identity: that `presented` shows what is known of an example even if it cannot
    be read. `shortens`: see Task.
    """

    unit: ClassVar[str] = "row"
    reads: ClassVar[str]
    row_by_row: ClassVar[bool] = True
    both_directions: ClassVar[bool] = False
    presents_identity: ClassVar[bool] = False

    @classmethod
    def gather(cls, table: Table, choice: ColumnChoice, options: Any) -> Table:
        """The table with one row an example; most tables have that already."""
        return table

    @classmethod
    def names(cls, table: Table, choice: ColumnChoice) -> list[str] | None:
        """What messages call each example; None: its row."""
        return None

    @classmethod
    def identity(cls, table: Table, choice: ColumnChoice) -> pd.DataFrame:
        """Columns of `rows` that are known of each example even if it cannot be read."""
        return pd.DataFrame(index=range(len(table.frame)))

    @classmethod
    def ids(cls, table: Table, choice: ColumnChoice, used: Collection[str]) -> list[str]:
        """Columns of the gathered table that name examples, besides those that are used."""
        return identifiers(table.frame, used)

    @classmethod
    def duplicate_keys(cls, rows: Examples) -> list[str] | None:
        """What makes two examples the same one; None: duplicates are not looked for."""
        return None

    @classmethod
    def digests(cls, rows: Examples) -> list[str] | None:
        """What tells inputs of equal content that are kept, and warned of; None: not looked for."""
        return None

    @classmethod
    def groups(cls, rows: Examples) -> tuple[Sequence[Any], str] | None:
        """What must not be in two parts though no column says so, and a note; None: nothing."""
        return None

    @classmethod
    def findings(cls, rows: Examples, labels: Sequence[str] | None) -> list[Finding]:
        """What is in the inputs and what will go wrong; `labels` are there to find conflicts."""
        return []

    def gathered(self, table: Table, choice: ColumnChoice) -> Table:
        """New data with one row an example, as those of training were gathered."""
        return self.gather(table, choice, None)

    @property
    @abstractmethod
    def inputs(self) -> Inputs:
        """What a model reads, and in what form."""

    @property
    def shortens(self) -> Shortening:
        """Whether sequences can be cut while training: `inputs`, or None."""
        return None

    def lengths(self, examples: Examples) -> NDArray[np.int64]:
        """Positions of each example, (n,)."""
        return examples.ragged(self.reads).lengths

    def sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """What a model reads of some examples, (B, T) or (B, T, F), and what of it is real."""
        return examples.ragged(self.reads).padded(rows)

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Sequences]:
        """All examples once, those of similar length together; shuffled with a generator."""
        for rows in plan_batches(self.lengths(examples), batch_size, batch_tokens, rng):
            values, mask = self.sequences(examples, rows)
            yield Sequences(values, mask, rows)

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        """How many batches hold all examples, counted without gathering inputs."""
        return len(plan_batches(self.lengths(examples), batch_size, batch_tokens))

    def model(self, spec: ModelSpec) -> SequenceModel:
        """The model of a spec that reads these inputs, without its head."""
        return sequence_model(spec, self.inputs)

    def model_defaults(self) -> dict[str, Any]:
        """ModelSpec fields that suit these inputs, over a recipe's."""
        return {}

    def train_defaults(self, examples: int) -> dict[str, Any]:
        """TrainSpec fields for so many training examples."""
        return {}

    def presented(self, examples: Examples) -> dict[str, Any]:
        """What stands beside predictions, by the name of its column."""
        frame = examples.frame
        return {name: frame[name].to_numpy() for name in self.roles if name in frame}

    def shown(self, examples: Examples, row: int) -> str:
        """An example for people, in a line."""
        return f"{self.unit} {row + 1}"

    def item(self, examples: Examples, row: int) -> dict[str, Any]:
        """An example as exhibits show it: `text`, perhaps a small `curve`; or `pixels`."""
        return {"text": self.shown(examples, row)}

    def lengths_shown(self, examples: Examples) -> tuple[NDArray[np.int64], str]:
        """How long each example is, and in what; for curves of quality by length."""
        return self.lengths(examples), "positions in the sequence"

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """What only these inputs have to show."""
        return []


class Target(Part):
    """What models predict of a row; it owns metrics, presentation and exhibits.

    metrics: all that are reported, the primary one first.
    """

    metrics: tuple[str, ...]

    @classmethod
    def likely(cls, table: Table, request: ColumnRequest) -> list[str]:
        """Columns that are this target's by their names, before the input has been found."""
        return []

    @classmethod
    def strata(cls, rows: Examples) -> Sequence[Any] | None:
        """Labels in whose proportions rows are divided; None: at random."""
        return None

    @classmethod
    def labels(cls, rows: Examples) -> Sequence[str] | None:
        """Each example's label as one name; None: targets are no classes."""
        return None

    @classmethod
    def findings(cls, rows: Examples, choice: ColumnChoice) -> list[Finding]:
        """What is in the targets and what will go wrong."""
        return []

    @classmethod
    def findings_in_parts(
        cls, rows: Examples, splits: Splits, shown: Sequence[str] | None, seed: int
    ) -> list[Finding]:
        """What depends on the division; `shown` are the inputs as texts, where they are any."""
        return []

    def check_parts(self, rows: Examples, splits: Splits, names: Sequence[str]) -> None:
        """A UserError where validation or test ask for what training cannot teach.

        `names` are what messages call each of the rows.
        """

    @abstractmethod
    def known(self, examples: Examples) -> NDArray[np.bool_]:
        """Which examples say what is wanted of them: no others can be scored."""

    @property
    def unseen_counts_as(self) -> str:
        """What becomes of a target that training does not have, when it is scored."""
        return "counted as wrong"

    def unseen(self, examples: Examples) -> Mapping[str, int]:
        """How often what is wanted is something that training does not have, by its name."""
        return {}

    @abstractmethod
    def wanted(self, examples: Examples) -> NDArray[Any] | Ragged:
        """What is wanted of each example, as the loss reads it; sequences are padded in batches."""

    @abstractmethod
    def statistics(
        self, metric: Metric, predictions: Predictions, examples: Examples
    ) -> NDArray[np.float64]:
        """The metric's per-example statistics, in the metric's space: (examples, K)."""

    @abstractmethod
    def present(self, predictions: Predictions, examples: Examples) -> dict[str, Any]:
        """Predictions for people: names of columns to their values, one for each example."""

    @abstractmethod
    def exhibits(self, predictions: Predictions, examples: Examples, read: Input) -> list[Exhibit]:
        """What a report should show; `read` is the input that was read."""

    def subset(self, examples: Examples, size: int, seed: int) -> NDArray[np.int64]:
        """`size` training rows; smaller subsets are contained in larger ones."""
        return np.sort(np.random.default_rng(seed).permutation(len(examples))[:size])


def columns_in(table: Table, column: str) -> list[str]:
    """The column of a role, or the several that it joins."""
    if column in table.frame.columns:
        return [column]
    return [name.strip() for name in column.split(COLUMN_JOIN)]


def side_by_side(first: Examples, second: Examples) -> Examples:
    """The values of two parts of the same rows."""
    frame = pd.concat([first.frame, second.frame], axis=1)
    return replace(first, arrays={**first.arrays, **second.arrays}, frame=frame)
