"""Raw tables to inputs and targets, checked row by row, and the division into parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.splits import Rows, Splits
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.regression.options import Options
from seqlab.tasks.regression.series import SERIES_ROLES, find_series, series_of
from seqlab.tasks.regression.targets import JOIN, named_targets, values_of
from seqlab.tasks.rows import Origins, divide, dropped, only, parts_of
from seqlab.tasks.series_classification.collection import Values
from seqlab.tasks.series_classification.layouts import Layout
from seqlab.tasks.texts.columns import as_texts, second_text
from seqlab.tasks.texts.reading import as_one

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """Every usable example of every given table, in one: texts, or series with their layout.

    columns: role → column; targets (n, K), NaN where one of several is not known.
    """

    targets: Array
    names: tuple[str, ...]
    columns: dict[str, str]
    notes: tuple[str, ...]
    origin: str
    rows: Rows
    texts: list[str] | None = None
    others: list[str] | None = None
    series: list[Values] | None = None
    called: list[str] | None = None  # what each series is called
    layout: Layout | None = None

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold."""
        return divide(self.rows, spec, seed, self.origin)


def reads_text(table: Table, given: dict[str, str]) -> bool:
    """Whether examples are texts; else they are series."""
    if any(role in given for role in SERIES_ROLES):
        return False
    if "text" in given:
        return True
    kinds = guess.describe(table.frame)
    return ColumnKind.TEXT in kinds.values() and ColumnKind.LIST not in kinds.values()


def beside(table: Table, given: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """The columns of group and split, and how they were found."""
    frame = table.frame
    roles: dict[str, str] = {}
    for role in ("split", "group"):
        if role in given:
            roles[role] = guess.named(frame, given[role], table.origin)
    if "split" not in roles and "split" in frame.columns and names_parts(frame):
        roles["split"] = "split"
        return roles, ['split: column "split"']
    return roles, []


def text_roles(
    table: Table, given: dict[str, str]
) -> tuple[dict[str, str], tuple[str, ...], list[str]]:
    """Columns of texts, group and split by role; the targets; and how they were found."""
    frame, origin = table.frame, table.origin
    roles, notes = beside(table, given)
    if "text2" in given:
        roles["text2"] = guess.named(frame, given["text2"], origin)
    wanted = given["target"].split(JOIN) if "target" in given else []
    taken = [*roles.values(), *(name.strip() for name in wanted)]
    found = guess.require(frame, "text", given=given.get("text"), exclude=taken, origin=origin)
    roles["text"] = found.column
    notes += [found.sentence] if found.sentence else []
    if "text2" not in given and (second := second_text(frame, found.column)):
        roles["text2"] = second
        notes.append(f'two texts: "{found.column}" and "{second}" (by their names)')
    names, said = named_targets(given.get("target"), table, list(roles.values()))
    return roles, names, notes + ([said] if said else [])


def read(sources: Sources, spec: DataSpec) -> Reading:
    """Inputs and targets of all given tables; rows without a target are left out and noted."""
    table = sources.joined()
    if not len(table.frame):
        raise UserError(f'"{table.origin}": no rows', "bring a table of inputs and numbers")
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    options = Options.read(spec.options, "options")
    if reads_text(table, given):
        return _texts(table, Origins.of(sources), given)
    return _series(table, given, options)


def _texts(table: Table, origins: Origins, given: dict[str, str]) -> Reading:
    frame = table.frame
    roles, names, notes = text_roles(table, given)
    targets, kept, said = _known(table, names, origins)
    texts = as_texts(frame[roles["text"]])
    if not any(text.strip() for text in texts):
        raise UserError(
            f'"{table.origin}": column "{roles["text"]}": all texts are empty',
            "name the column of texts: --columns text=…,target=…",
        )
    others = as_texts(frame[roles["text2"]]) if "text2" in roles else None
    rows = _rows(frame, roles, as_one(texts, others))
    return Reading(
        targets[kept],
        names,
        {**roles, "target": JOIN.join(names)},
        (*table.notes, *notes, *said),
        origins.tables[0][0],
        only(rows, kept),
        texts=_some(texts, kept),
        others=None if others is None else _some(others, kept),
    )


def _series(table: Table, given: dict[str, str], options: Options) -> Reading:
    roles, notes = beside(table, given)
    named = [given[role] for role in SERIES_ROLES if role in given]
    names, said = named_targets(given.get("target"), table, [*roles.values(), *named])
    rows, layout = find_series(table, given, [*roles.values(), *names], options.series)
    origins = Origins(((rows.origin, len(rows.frame)),))
    targets, kept, left = _known(rows, names, origins)
    series, called = series_of(rows, layout)
    notes += [said] if said else []
    columns = {**roles, "target": JOIN.join(names)}
    columns |= {"series": layout.id} if layout.id else {}
    columns |= {"time": layout.time} if layout.time else {}
    return Reading(
        targets[kept],
        names,
        columns,
        (*rows.notes, *notes, *left),
        rows.origin,
        only(_rows(rows.frame, roles, None), kept),
        series=_some(series, kept),
        called=_some(called, kept),
        layout=layout,
    )


def _known(
    table: Table, names: tuple[str, ...], origins: Origins
) -> tuple[Array, NDArray[np.int64], list[str]]:
    """Targets of all rows, the rows that have one, and what is to be said of the others."""
    targets, unknown = values_of(table.frame, names, origins)
    kept = np.setdiff1d(np.arange(len(targets)), unknown)
    if not len(kept):
        raise UserError(
            f'"{table.origin}" column "{names[0]}": no row has a number',
            "rows to be predicted belong in a file of their own",
        )
    shown = ", ".join(names)
    return targets, kept, [dropped(unknown, f'no number in "{shown}"')] if len(unknown) else []


def _rows(frame: pd.DataFrame, roles: dict[str, str], texts: list[str] | None) -> Rows:
    return Rows(
        len(frame),
        texts=texts,
        groups=frame[roles["group"]].tolist() if "group" in roles else None,
        given=parts_of(frame[roles["split"]]) if "split" in roles else None,
    )


def _some(values: Sequence[Any], kept: NDArray[np.int64]) -> list[Any]:
    return [values[row] for row in kept]


def texts_of(table: Table, columns: dict[str, str]) -> tuple[list[str], list[str] | None]:
    """The texts of new data."""
    frame = table.frame
    found: dict[str, list[str]] = {}
    for role in ("text", "text2"):
        if role in columns:
            name = columns[role]
            if name not in frame.columns:
                name = guess.require(frame, role, origin=table.origin).column
            found[role] = as_texts(frame[name])
    return found["text"], found.get("text2")


def targets_of(frame: pd.DataFrame, names: Sequence[str]) -> Array:
    """The targets of new data, NaN where it has none."""
    targets = np.full((len(frame), len(names)), np.nan)
    for k, name in enumerate(names):
        if name in frame.columns:
            targets[:, k] = pd.to_numeric(frame[name], errors="coerce").to_numpy("f8")
    return targets
