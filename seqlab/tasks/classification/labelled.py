"""Raw tables to texts and labels, checked row by row, and the division into parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.split_spec import SPLIT_NAMES, SplitSpec
from seqlab.data.splits import Rows, Splits, folds, split
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources


@dataclass(frozen=True)
class Labelled:
    """Every row of every given table, in one: texts, labels and what divides them.

    columns: role → column; notes: each guess in words; tables: each table's name and rows.
    """

    texts: Sequence[str]
    labels: Sequence[str]
    columns: dict[str, str]
    notes: tuple[str, ...]
    tables: tuple[tuple[str, int], ...]
    groups: Sequence[Any] | None = None
    given: Sequence[str] | None = None

    @property
    def rows(self) -> Rows:
        """What the division of rows needs to know."""
        return Rows(len(self.texts), self.labels, self.texts, self.groups, None, self.given)

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold."""
        wanted = SplitSpec.parse(
            spec.split, folds=spec.folds or 0, keep_duplicates=spec.keep_duplicates
        )
        try:
            if wanted.folds:
                return folds(self.rows, wanted, seed)
            return [split(self.rows, wanted, seed)]
        except UserError as error:
            if error.message.startswith("--"):
                raise
            raise UserError(f'"{self.tables[0][0]}": {error.message}', error.hint) from None

    def place(self, row: int, column: str) -> str:
        """A cell for messages: the table it came from, its column, its row there from 1."""
        return _place(self.tables, row, self.columns[column])


def recognise(table: Table) -> Confidence:
    """Whether a table holds texts and labels."""
    try:
        roles, _ = roles_of(table, {})
    except UserError as error:
        return Confidence(0.0, error.message)
    text, label = table.frame[roles["text"]], table.frame[roles["label"]]
    if not guess.is_categorical(label):
        return Confidence(0.2, f'column "{roles["label"]}" {_why_not_classes(label)}')
    if pd.api.types.is_numeric_dtype(text.dtype):
        return Confidence(0.0, f'column "{roles["text"]}" holds numbers, not texts')
    why = f'texts in "{roles["text"]}" and {label.nunique()} classes in "{roles["label"]}"'
    return Confidence(0.9, f"{why}: classify")


def _why_not_classes(label: pd.Series) -> str:
    values = label.dropna()
    if values.nunique() < 2:
        return "has one class only" if len(values) else "is empty"
    if pd.api.types.is_float_dtype(values.dtype) and np.isinf(values.to_numpy(dtype=float)).any():
        return f"row {int(np.isinf(label.to_numpy(dtype=float)).argmax()) + 1}: infinite value"
    return "has too many values to be classes"


def roles_of(table: Table, given: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Which columns hold text, label, group and split, and how that was found."""
    frame, origin = table.frame, table.origin
    roles: dict[str, str] = {}
    notes = []
    # What must not be taken for a text or a label is found first.
    for role in ("split", "group"):
        if role in given:
            roles[role] = guess.named(frame, given[role], origin)
    if "split" not in roles and "split" in frame.columns and names_parts(frame):
        roles["split"] = "split"
        notes.append('split: column "split"')
    for role in ("label", "text") if "label" in given else ("text", "label"):
        taken = [*roles.values(), *(v for k, v in given.items() if k != role)]
        found = guess.require(frame, role, given=given.get(role), exclude=taken, origin=origin)
        roles[role] = found.column
        notes += [found.sentence] if found.sentence else []
    return roles, notes


def _place(tables: Sequence[tuple[str, int]], row: int, column: str) -> str:
    for origin, rows in tables:
        if row < rows:
            return f'"{origin}" column "{column}" row {row + 1}'
        row -= rows
    raise AssertionError("a row beyond the last table")


def labelled(sources: Sources, spec: DataSpec) -> Labelled:
    """Texts and labels of all given tables; what cannot be used is an error that names it."""
    table = sources.joined()
    given_tables = (sources.train, sources.valid, sources.test)
    tables = tuple((part.origin, len(part.frame)) for part in given_tables if part is not None)
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    roles, notes = roles_of(table, given)
    frame = table.frame
    if not len(frame):
        raise UserError(f'"{table.origin}": no rows', "bring a table with texts and labels")
    label = frame[roles["label"]]
    _refuse_missing(label, roles["label"], tables)
    if not guess.is_categorical(label) and label.nunique() > max(20, len(label) // 5):
        raise UserError(
            f'"{table.origin}": column "{roles["label"]}" has {label.nunique():,} different values'
            f" in {len(label):,} rows: these are not classes",
            "name the column of classes: --columns text=…,label=…",
        )
    texts = as_texts(frame[roles["text"]])
    if not any(text.strip() for text in texts):
        raise UserError(
            f'"{table.origin}": column "{roles["text"]}": all texts are empty',
            "name the column of texts: --columns text=…,label=…",
        )
    labels = as_labels(label)
    if len(set(labels)) < 2:
        raise UserError(
            f'"{table.origin}": column "{roles["label"]}" has one class only ("{labels[0]}")',
            "a comparison needs at least two classes",
        )
    return Labelled(
        texts,
        labels,
        roles,
        (*table.notes, *notes),
        tables,
        frame[roles["group"]].tolist() if "group" in roles else None,
        _parts(frame[roles["split"]]) if "split" in roles else None,
    )


def texts_of(table: Table, roles: dict[str, str]) -> tuple[list[str], list[str | None]]:
    """The texts of new data, and their labels or None where it has none."""
    frame = table.frame
    if roles["text"] in frame.columns:
        column = roles["text"]
    else:
        column = guess.require(frame, "text", origin=table.origin).column
    texts = as_texts(frame[column])
    if roles["label"] not in frame.columns or roles["label"] == column:
        return texts, [None] * len(texts)
    values = frame[roles["label"]]
    named = as_labels(values.fillna(""))
    return texts, [
        name if known else None for name, known in zip(named, values.notna(), strict=True)
    ]


def as_texts(column: pd.Series) -> list[str]:
    """Values as texts; a missing one is empty."""
    return ["" if missing else str(v) for v, missing in zip(column, column.isna(), strict=True)]


def as_labels(column: pd.Series) -> list[str]:
    """Values as class names; 1.0 is 1, and spaces around a name do not count."""
    return [
        str(int(v))
        if isinstance(v, float | np.floating) and float(v).is_integer()
        else str(v).strip()
        for v in column
    ]


def _refuse_missing(label: pd.Series, name: str, tables: Sequence[tuple[str, int]]) -> None:
    missing = np.flatnonzero(label.isna() | label.map(lambda v: not str(v).strip()))
    if len(missing):
        more = f" ({len(missing):,} rows have none)" if len(missing) > 1 else ""
        raise UserError(
            f"{_place(tables, int(missing[0]), name)}: no label{more}",
            "fill it in or take the row out; rows to be predicted belong in a file of their own",
        )
    if pd.api.types.is_float_dtype(label.dtype) and np.isinf(label.to_numpy(dtype=float)).any():
        row = int(np.flatnonzero(np.isinf(label.to_numpy(dtype=float)))[0])
        raise UserError(
            f"{_place(tables, row, name)}: infinite value, expected classes",
            "correct it or take the row out",
        )


def _parts(column: pd.Series) -> list[str]:
    return [SPLIT_NAMES.get(str(v).strip().lower(), str(v)) for v in column]
