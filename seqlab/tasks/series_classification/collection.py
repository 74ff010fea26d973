"""What a classifier of values reads: one array an example, labels, and what divides the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.splits import Rows, Splits
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec
from seqlab.tasks.classification.labelled import as_labels
from seqlab.tasks.rows import divide, parts_of

Values = NDArray[Any]


@dataclass(frozen=True)
class Collection:
    """Examples of every given table, in one.

    names: what errors and reports call each example. labels: None where one is not known.
    columns: role → column; notes: each guess in words; channels: their names.
    """

    values: Sequence[Values]
    names: Sequence[str]
    labels: Sequence[str | None]
    columns: dict[str, str]
    notes: tuple[str, ...]
    origin: str
    channels: tuple[str, ...] = ()
    groups: Sequence[Any] | None = None
    given: Sequence[str] | None = None

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold."""
        rows = Rows(len(self.values), self.labels, None, self.groups, None, self.given)
        return divide(rows, spec, seed, self.origin)

    def place(self, row: int) -> str:
        """An example for messages."""
        return f'"{self.origin}" {self.names[row]}'


def roles_around(
    table: Table, given: dict[str, str], taken: Sequence[str], *, training: bool
) -> dict[str, str]:
    """The columns of label, group and split, beside those of the values.

    `training` says that there must be labels: new data may have none.
    """
    frame, origin = table.frame, table.origin
    roles: dict[str, str] = {}
    for role in ("split", "group"):
        if role in given and (training or given[role] in frame.columns):
            roles[role] = guess.named(frame, given[role], origin)
    if "split" not in roles and "split" in frame.columns and names_parts(frame):
        roles["split"] = "split"
    rest = [*taken, *roles.values()]
    if training:
        found = guess.require(frame, "label", given=given.get("label"), exclude=rest, origin=origin)
        roles["label"] = found.column
    elif given.get("label") in frame.columns:
        roles["label"] = given["label"]
    return roles


def labels_of(column: pd.Series, names: Sequence[str], origin: str, *, whole: bool) -> list[Any]:
    """Class names; `whole` says that none may be missing, and that there are classes at all."""
    missing = np.flatnonzero(column.isna() | column.map(lambda v: not str(v).strip()))
    if whole and len(missing):
        more = f" ({len(missing):,} have none)" if len(missing) > 1 else ""
        raise UserError(
            f'"{origin}" {names[missing[0]]}: no label in column "{column.name}"{more}',
            "fill it in or take it out; what is to be predicted belongs in a file of its own",
        )
    known = column.notna().to_numpy()
    named = as_labels(column.where(column.notna(), ""))
    labels = [name if k else None for name, k in zip(named, known, strict=True)]
    distinct = len({name for name in labels if name is not None})
    if whole and distinct < 2:
        raise UserError(
            f'"{origin}": column "{column.name}" has one class only ("{labels[0]}")',
            "a comparison needs at least two classes",
        )
    if whole and distinct > max(20, len(labels) // 2):
        raise UserError(
            f'"{origin}": column "{column.name}" has {distinct:,} different values in'
            f" {len(labels):,} examples: these are not classes",
            "name the column of classes: --columns label=…",
        )
    return labels


def around(
    table: Table, roles: dict[str, str], names: Sequence[str], *, training: bool
) -> dict[str, Any]:
    """Labels, groups and given parts of a table whose rows are examples."""
    frame = table.frame
    labels: list[Any] = [None] * len(frame)
    if "label" in roles:
        labels = labels_of(frame[roles["label"]], names, table.origin, whole=training)
    return {
        "labels": labels,
        "groups": frame[roles["group"]].tolist() if "group" in roles else None,
        "given": parts_of(frame[roles["split"]]) if "split" in roles else None,
    }
