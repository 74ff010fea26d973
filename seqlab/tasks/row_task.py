"""What tasks share whose examples are the rows of a table, so that such a task is one short file.

A subclass says what it learns from the training rows, how rows become sequences, and owns head,
loss and prediction. Finding columns, leaving rows out, dividing, batching and storing are here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.columns import named
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding, split_findings
from seqlab.data.splits import PARTS, Rows, Splits
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError, unknown
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.tasks.fitted_task import FittedTask
from seqlab.tasks.rows import divide, dropped, parts_of

if TYPE_CHECKING:
    pass

DIVIDING = ("group", "split")  # roles of columns that divide rows and are not read


class Fitted(Spec):
    """What was learned from the training rows; a task's own adds what it needs.

    columns: role → column. metrics: the primary one first.
    """

    columns: dict[str, str]
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Usable:
    """The rows of all tables that can be used, their columns by role, and what was left out."""

    table: Table
    columns: dict[str, str]
    notes: tuple[str, ...]

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold; equal rows are not left in training and test."""
        frame, columns = self.table.frame, self.columns
        groups, given = (
            frame[columns[role]].tolist() if role in columns else None for role in DIVIDING
        )
        read = [
            frame[column].astype(str) for role, column in columns.items() if role not in DIVIDING
        ]
        texts = [" → ".join(cells) for cells in zip(*read, strict=True)]
        parts = None if given is None else parts_of(pd.Series(given))
        rows = Rows(len(frame), None, texts, groups, None, parts)
        return divide(rows, spec, seed, self.table.origin)

    def part(self, rows: NDArray[np.int64]) -> Table:
        """Some of the rows."""
        return replace(self.table, frame=self.table.frame.iloc[rows].reset_index(drop=True))


class RowTask(FittedTask):
    """A task with a row of a table for an example; its class gives `metrics` and `fitted_type`.

    `encode` gives `inputs` – (n, T), (n, T, F) or Ragged; whole numbers are tokens, 0 fills up –
    and, where it is known, `label` (a class number, else −1) or `target` (else NaN).
    """

    fitted_type: ClassVar[type[Fitted]]
    row_by_row = True

    def __init__(self, fitted: Any) -> None:
        self.fitted = fitted
        self.metrics = fitted.metrics

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the training table, by role."""
        return dict(self.fitted.columns)

    # -- for a task to write, beside recognise, inputs, head, loss, predict, encode and present --

    @classmethod
    @abstractmethod
    def learn(cls, train: pd.DataFrame, common: dict[str, Any], spec: DataSpec) -> Any:
        """Its `fitted_type` from the training rows; `common` are the fields of `Fitted`."""

    @classmethod
    def flaws(cls, frame: pd.DataFrame, columns: dict[str, str]) -> pd.Series:
        """Why each row cannot be used; empty where it can."""
        return pd.Series("", index=frame.index)

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """What was left out, how long sequences are, and the parts."""
        try:
            usable = cls._usable(sources, spec)
            splits = usable.divide(spec, seed)[0]
            prepared = cls._prepared(usable, splits, spec)
        except UserError as error:
            return [as_finding(error)]
        assert isinstance(prepared.task, RowTask)
        lengths = prepared.task.lengths(prepared.train)
        low, middle, high = (f"{n:,.0f}" for n in np.quantile(lengths, (0, 0.5, 1)))
        title = f"{len(usable.table.frame):,} rows; sequences of {middle} positions in the middle"
        found = [Finding("info", title, f"the shortest has {low}, the longest {high}")]
        found += [Finding("warning", note) for note in usable.notes]
        return found + split_findings(splits)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Leave out what cannot be used, divide, and learn from the training rows alone."""
        usable = cls._usable(sources, spec)
        return [cls._prepared(usable, splits, spec) for splits in usable.divide(spec, seed)]

    @classmethod
    def _prepared(cls, usable: Usable, splits: Splits, spec: DataSpec) -> Prepared:
        if spec.metric is not None and spec.metric not in cls.metrics:
            raise unknown("metric", spec.metric, cls.metrics)
        first = cls.metrics[0] if spec.metric is None else spec.metric
        metrics = (first, *(name for name in cls.metrics if name != first))
        common = {"columns": usable.columns, "metrics": metrics}
        task = cls(cls.learn(usable.part(splits.train).frame, common, spec))
        train, valid, test = (task.labelled(usable.part(getattr(splits, p))) for p in PARTS)
        card = {
            "parts": {"train": len(train), "valid": len(valid), "test": len(test)},
            "split": splits.how,
            "columns": usable.columns,
            "notes": [*usable.table.notes, *usable.notes, *splits.notes],
        }
        return Prepared(task, train, valid, test, card)

    @classmethod
    def _usable(cls, sources: Sources, spec: DataSpec) -> Usable:
        table = sources.joined()
        columns = cls._roles(table, spec)
        flaws = cls.flaws(table.frame, columns).to_numpy(dtype=object)
        notes = [dropped(np.flatnonzero(flaws == why), why) for why in dict.fromkeys(flaws) if why]
        frame = table.frame[flaws == ""].reset_index(drop=True)
        if frame.empty:
            raise UserError(f'"{table.origin}": no row can be used', "; ".join(notes))
        return Usable(replace(table, frame=frame), columns, tuple(notes))

    @classmethod
    def _roles(cls, table: Table, spec: DataSpec) -> dict[str, str]:
        """Columns that the user names, or that are called like their role."""
        frame, given = table.frame, dict(spec.columns)
        given |= {"group": spec.group} if spec.group else {}
        roles: dict[str, str] = {}
        for role in registry.card("tasks", cls.name)["roles"]:
            if role in given:
                roles[role] = named(frame, given[role], table.origin)
            elif role in DIVIDING:
                own = role == "split" and role in frame.columns and names_parts(frame)
                roles |= {role: role} if own else {}
            elif role in frame.columns:
                roles[role] = role
            else:
                held = ", ".join(map(str, frame.columns))
                raise UserError(
                    f'"{table.origin}": no column "{role}" among {held}',
                    f"name it: --columns {role}=…",
                )
        return roles

    # -- fitted ----------------------------------------------------------------------------------

    def lengths(self, examples: Examples) -> NDArray[np.int64]:
        """Positions of each example, (n,)."""
        inputs = examples.arrays["inputs"]
        return (
            inputs.lengths if isinstance(inputs, Ragged) else np.full(len(inputs), inputs.shape[1])
        )

    def sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """What a model reads of some examples, (B, T) or (B, T, F), and what of it is real."""
        inputs = examples.arrays["inputs"]
        return inputs.padded(rows) if isinstance(inputs, Ragged) else (inputs[rows], None)
