"""Raw tables to inputs and targets, checked row by row, and the division into parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.splits import Rows, Splits
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.tasks.regression.targets import is_quantity, named_targets, values_of
from seqlab.tasks.rows import Origins, divide, dropped, only, parts_of
from seqlab.tasks.texts.columns import as_texts, second_text
from seqlab.tasks.texts.reading import as_one

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """Every usable row of every given table, in one.

    columns: role → column; targets (n, K), NaN where one of several is not known.
    """

    texts: list[str]
    others: list[str] | None
    targets: Array
    names: tuple[str, ...]
    columns: dict[str, str]
    notes: tuple[str, ...]
    origin: str
    rows: Rows

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold."""
        return divide(self.rows, spec, seed, self.origin)


def recognise(table: Table) -> Confidence:
    """A column of texts and one of many numbers, not all whole; dates make it doubtful."""
    try:
        roles, names, _ = roles_of(table, {})
    except UserError as error:
        return Confidence(0.0, error.message)
    text, target = table.frame[roles["text"]], table.frame[names[0]]
    if guess.kind(text) is not ColumnKind.TEXT:
        return Confidence(0.0, f'column "{roles["text"]}" holds no texts')
    if not is_quantity(target):
        return Confidence(0.1, f'the numbers in "{names[0]}" are few or whole')
    why = f'texts in "{roles["text"]}" and numbers in "{names[0]}": regress'
    if ColumnKind.DATE in guess.describe(table.frame).values():
        return Confidence(0.4, f"{why}, but there are dates")
    plain = {guess.normalised(roles["text"]), guess.normalised(names[0])}
    return Confidence(0.85 if plain <= {"text", "target", "score"} else 0.7, why)


def roles_of(
    table: Table, given: dict[str, str]
) -> tuple[dict[str, str], tuple[str, ...], list[str]]:
    """Columns of texts, group and split by role; the targets; and how they were found."""
    frame, origin = table.frame, table.origin
    roles: dict[str, str] = {}
    notes: list[str] = []
    for role in ("split", "group", "text2"):
        if role in given:
            roles[role] = guess.named(frame, given[role], origin)
    if "split" not in roles and "split" in frame.columns and names_parts(frame):
        roles["split"] = "split"
        notes.append('split: column "split"')
    wanted = given.get("target", "").split("+") if "target" in given else []
    taken = [*roles.values(), *(name.strip() for name in wanted)]
    found = guess.require(frame, "text", given=given.get("text"), exclude=taken, origin=origin)
    roles["text"] = found.column
    notes += [found.sentence] if found.sentence else []
    if "text2" not in given and (second := second_text(frame, found.column)):
        roles["text2"] = second
        notes.append(f'two texts: "{found.column}" and "{second}" (by their names)')
    names, said = named_targets(given.get("target"), table, list(roles.values()))
    notes += [said] if said else []
    return roles, names, notes


def read(sources: Sources, spec: DataSpec) -> Reading:
    """Texts and targets of all given tables; rows without a target are left out and noted."""
    table, origins = sources.joined(), Origins.of(sources)
    frame = table.frame
    if not len(frame):
        raise UserError(f'"{table.origin}": no rows', "bring a table of inputs and numbers")
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    roles, names, notes = roles_of(table, given)
    targets, unknown = values_of(frame, names, origins)
    texts = as_texts(frame[roles["text"]])
    _refuse_empty(texts, roles["text"], table.origin)
    others = as_texts(frame[roles["text2"]]) if "text2" in roles else None
    kept = np.setdiff1d(np.arange(len(frame)), unknown)
    if not len(kept):
        raise UserError(
            f'"{table.origin}" column "{names[0]}": no row has a number',
            "rows to be predicted belong in a file of their own",
        )
    if len(unknown):
        notes.append(dropped(unknown, f'no number in "{", ".join(names)}"'))
    rows = Rows(
        len(frame),
        texts=as_one(texts, others),
        groups=frame[roles["group"]].tolist() if "group" in roles else None,
        given=parts_of(frame[roles["split"]]) if "split" in roles else None,
    )
    return Reading(
        _some(texts, kept),
        None if others is None else _some(others, kept),
        targets[kept],
        names,
        {**roles, "target": "+".join(names)},
        (*table.notes, *notes),
        origins.tables[0][0],
        only(rows, kept),
    )


def _refuse_empty(texts: Sequence[str], column: str, origin: str) -> None:
    if not any(text.strip() for text in texts):
        raise UserError(
            f'"{origin}": column "{column}": all texts are empty',
            "name the column of texts: --columns text=…,target=…",
        )


def _some(values: Sequence[str], kept: NDArray[np.int64]) -> list[str]:
    return [values[row] for row in kept]


def texts_of(
    table: Table, columns: dict[str, str], names: Sequence[str]
) -> tuple[list[str], list[str] | None, Array]:
    """The texts of new data, and their targets, NaN where it has none."""
    frame = table.frame
    roles: dict[str, str] = {}
    for role in ("text", "text2"):
        if role in columns:
            known = columns[role] in frame.columns
            roles[role] = columns[role] if known else _renamed(frame, role, table.origin)
    targets = np.full((len(frame), len(names)), np.nan)
    for k, name in enumerate(names):
        if name in frame.columns:
            targets[:, k] = pd.to_numeric(frame[name], errors="coerce").to_numpy("f8")
    others = as_texts(frame[roles["text2"]]) if "text2" in roles else None
    return as_texts(frame[roles["text"]]), others, targets


def _renamed(frame: pd.DataFrame, role: str, origin: str) -> str:
    return guess.require(frame, role, origin=origin).column
