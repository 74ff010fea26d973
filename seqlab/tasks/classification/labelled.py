"""Raw tables to texts and labels, checked row by row, and the division into parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.splits import Rows, Splits
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.tasks.classification.label_sets import JOIN, Labels, flags_in, form_of, sets_of
from seqlab.tasks.classification.options import Options
from seqlab.tasks.rows import Origins, divide, parts_of
from seqlab.tasks.texts.columns import as_texts, second_text
from seqlab.tasks.texts.reading import as_one

TOGETHER = " | "  # between the labels of an example, for people


@dataclass(frozen=True)
class Labelled:
    """Every row of every given table, in one: texts, labels and what divides them.

    columns: role → column; notes: each guess in words; several: how an example holds several
    labels, empty where it has one. `labels` are class names, or the sets of them as one name.
    """

    texts: Sequence[str]
    others: Sequence[str] | None
    labels: Sequence[str]
    sets: Sequence[Labels] | None
    several: str
    columns: dict[str, str]
    notes: tuple[str, ...]
    origins: Origins
    groups: Sequence[Any] | None = None
    given: Sequence[str] | None = None

    @property
    def rows(self) -> Rows:
        """What the division of rows needs to know; sets of labels are too many to stratify."""
        labels = self.labels if self.sets is None else None
        return Rows(len(self.texts), labels, self.shown, self.groups, None, self.given)

    @property
    def shown(self) -> list[str]:
        """The texts as people read them, two as one."""
        return as_one(self.texts, self.others)

    @property
    def origin(self) -> str:
        """What errors call the data."""
        return self.origins.tables[0][0]

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold."""
        return divide(self.rows, spec, seed, self.origin)

    def place(self, row: int, column: str) -> str:
        """A cell for messages: the table it came from, its column, its row there from 1."""
        return self.origins.place(row, self.columns[column])


def recognise(table: Table) -> Confidence:
    """Whether a table holds texts and labels."""
    try:
        roles, _ = roles_of(table, {})
    except UserError as error:
        return Confidence(0.0, error.message)
    text, columns = table.frame[roles["text"]], roles["label"].split(JOIN)
    if guess.kind(text) is ColumnKind.LIST:
        return Confidence(0.0, f'column "{roles["text"]}" holds lists, not texts')
    if pd.api.types.is_numeric_dtype(text.dtype):
        return Confidence(0.0, f'column "{roles["text"]}" holds numbers, not texts')
    if form_of(table.frame, columns):
        why = f'texts in "{roles["text"]}" and several labels each in "{roles["label"]}"'
        return Confidence(0.9, f"{why}: classify")
    label = table.frame[roles["label"]]
    if not guess.is_categorical(label):
        return Confidence(0.2, f'column "{roles["label"]}" {_why_not_classes(label)}')
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
    for role in ("split", "group", "text2"):
        if role in given:
            roles[role] = guess.named(frame, given[role], origin)
    if "split" not in roles and "split" in frame.columns and names_parts(frame):
        roles["split"] = "split"
        notes.append('split: column "split"')
    for role in ("label", "text") if "label" in given else ("text", "label"):
        taken = [*roles.values(), *(n for k, v in given.items() if k != role for n in _split(v))]
        roles[role], said = _column(table, role, given.get(role), taken)
        notes += said
        if role == "text" and "text2" not in roles and (other := second_text(frame, roles[role])):
            roles["text2"] = other
            notes.append(f'two texts: "{roles[role]}" and "{other}" (by their names)')
    return roles, notes


def _column(
    table: Table, role: str, given: str | None, taken: Sequence[str]
) -> tuple[str, list[str]]:
    """The column of a role, or several columns of labels, and how they were found."""
    if role == "label" and given is not None and JOIN in given and given not in table.frame:
        return JOIN.join(guess.named(table.frame, n, table.origin) for n in _split(given)), []
    if role == "label" and given is None and (flags := flags_in(table.frame, taken)):
        return JOIN.join(flags), [f"labels: columns {', '.join(flags)} of 0 and 1"]
    found = guess.require(table.frame, role, given=given, exclude=taken, origin=table.origin)
    return found.column, [found.sentence] if found.sentence else []


def _split(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(JOIN)]


def label_columns(frame: pd.DataFrame, label: str) -> list[str]:
    """The column of labels, or the several of which each is one label."""
    return [label] if label in frame.columns else _split(label)


def labelled(sources: Sources, spec: DataSpec) -> Labelled:
    """Texts and labels of all given tables; what cannot be used is an error that names it."""
    table, origins = sources.joined(), Origins.of(sources)
    options = Options.read(spec.options, "options")
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    roles, notes = roles_of(table, given)
    frame = table.frame
    if not len(frame):
        raise UserError(f'"{table.origin}": no rows', "bring a table with texts and labels")
    columns = label_columns(frame, roles["label"])
    several = options.form(form_of(frame, columns), columns, table.origin)
    if several:
        sets = sets_of(frame, columns, several, origins)
        labels = _several(sets, roles["label"], table.origin)
        notes.append(_said(several, sets))
    else:
        sets, labels = None, _one(frame[roles["label"]], roles["label"], table.origin, origins)
    texts = as_texts(frame[roles["text"]])
    if not any(text.strip() for text in texts):
        raise UserError(
            f'"{table.origin}": column "{roles["text"]}": all texts are empty',
            "name the column of texts: --columns text=…,label=…",
        )
    return Labelled(
        texts,
        as_texts(frame[roles["text2"]]) if "text2" in roles else None,
        labels,
        sets,
        several,
        roles,
        (*table.notes, *notes),
        origins,
        frame[roles["group"]].tolist() if "group" in roles else None,
        parts_of(frame[roles["split"]]) if "split" in roles else None,
    )


def _one(label: pd.Series, name: str, origin: str, origins: Origins) -> list[str]:
    """One class a row."""
    _refuse_missing(label, name, origins)
    if not guess.is_categorical(label) and label.nunique() > max(20, len(label) // 5):
        raise UserError(
            f'"{origin}": column "{name}" has {label.nunique():,} different values'
            f" in {len(label):,} rows: these are not classes",
            "name the column of classes: --columns text=…,label=…",
        )
    labels = as_labels(label)
    if len(set(labels)) < 2:
        raise UserError(
            f'"{origin}": column "{name}" has one class only ("{labels[0]}")',
            "a comparison needs at least two classes",
        )
    return labels


def _several(sets: Sequence[Labels], name: str, origin: str) -> list[str]:
    """Each row's labels as one name."""
    distinct = {label for labels in sets for label in labels}
    if len(distinct) < 2:
        held = f'one label only ("{next(iter(distinct))}")' if distinct else "no labels"
        raise UserError(
            f'"{origin}": column "{name}" has {held}', "a comparison needs at least two labels"
        )
    if len(distinct) > max(100, len(sets) // 2):
        raise UserError(
            f'"{origin}": column "{name}" has {len(distinct):,} different labels in'
            f" {len(sets):,} rows: these cannot be learned",
            "keep the frequent ones, or name another column: --columns text=…,label=…",
        )
    return [TOGETHER.join(labels) for labels in sets]


def _said(several: str, sets: Sequence[Labels]) -> str:
    form = {"lists": "lists", "flags": "columns of 0 and 1"}.get(several, f'divided by "{several}"')
    none = sum(not labels for labels in sets)
    mean = sum(map(len, sets)) / len(sets)
    return f"several labels an example ({form}): {mean:.2f} in the mean, {none:,} rows have none"


def texts_of(
    table: Table, roles: dict[str, str], several: str
) -> tuple[list[str], list[str] | None, list[Labels | None]]:
    """The texts of new data, and their labels or None where it has none."""
    frame = table.frame
    column = roles["text"]
    if column not in frame.columns:
        column = guess.require(frame, "text", origin=table.origin).column
    texts, others = as_texts(frame[column]), None
    if "text2" in roles:
        second = roles["text2"]
        if second not in frame.columns:
            second = guess.require(frame, "text2", origin=table.origin).column
        others = as_texts(frame[second])
    return texts, others, _known_labels(table, roles["label"], column, several)


def _known_labels(table: Table, label: str, text: str, several: str) -> list[Labels | None]:
    frame = table.frame
    columns = label_columns(frame, label)
    if any(name not in frame.columns or name == text for name in columns):
        return [None] * len(frame)
    if several:
        return list(sets_of(frame, columns, several, Origins(((table.origin, len(frame)),))))
    values = frame[label]
    named = as_labels(values.fillna(""))
    return [(n,) if known else None for n, known in zip(named, values.notna(), strict=True)]


def as_labels(column: pd.Series) -> list[str]:
    """Values as class names; 1.0 is 1, and spaces around a name do not count."""
    return [
        str(int(v))
        if isinstance(v, float | np.floating) and float(v).is_integer()
        else str(v).strip()
        for v in column
    ]


def _refuse_missing(label: pd.Series, name: str, origins: Origins) -> None:
    missing = np.flatnonzero(label.isna() | label.map(lambda v: not str(v).strip()))
    if len(missing):
        more = f" ({len(missing):,} rows have none)" if len(missing) > 1 else ""
        raise UserError(
            f"{origins.place(int(missing[0]), name)}: no label{more}",
            "fill it in or take the row out; rows to be predicted belong in a file of their own",
        )
    if pd.api.types.is_float_dtype(label.dtype) and np.isinf(label.to_numpy(dtype=float)).any():
        row = int(np.flatnonzero(np.isinf(label.to_numpy(dtype=float)))[0])
        raise UserError(
            f"{origins.place(row, name)}: infinite value, expected classes",
            "correct it or take the row out",
        )
