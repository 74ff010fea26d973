"""Raw tables to series with labels, checked one by one; and whether a table holds them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.tasks.series_classification.collection import (
    Collection,
    around,
    roles_around,
)
from seqlab.tasks.series_classification.layouts import (
    Layout,
    find_layout,
    id_column,
    one_row_each,
    steps_of_one_stem,
)
from seqlab.tasks.series_classification.settings import RecordingOptions

_OWN_LABELS = ("label", "labels", "class", "activity")  # others are rather told of forecasts
_HEADERLESS = 16  # columns of bare numbers, from which a row is likely a series


def recognise(table: Table) -> Confidence:
    """Arrays in cells, many numbered columns beside a label, or rows by id with one label each."""
    frame = table.frame
    kinds = guess.describe(frame)
    labels = [n for n in map(str, frame.columns) if guess.normalised(n) in _OWN_LABELS]
    lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
    if lists:
        return _cells(table, lists, bool(labels))
    if len(labels) == 1 and guess.is_categorical(frame[labels[0]]):
        number = id_column(frame, {}, labels, table.origin)
        if number is not None and _one_label_each(table, number, labels[0]):
            return Confidence(
                0.93, f'rows by "{number}" with one "{labels[0]}" each: series of classes'
            )
        if guess.kind(frame[labels[0]]) in (ColumnKind.CATEGORY, ColumnKind.INTEGER):
            steps = [n for n, k in kinds.items() if n not in labels and k in guess.NUMERIC]
            if len(steps) >= 8 and steps_of_one_stem(steps):
                why = f'{len(steps)} numbered columns beside "{labels[0]}": a series a row'
                return Confidence(0.87, why)
    return _headerless(table, kinds)


def _cells(table: Table, lists: list[str], labelled: bool) -> Confidence:
    name = lists[0]
    first = table.frame[name].dropna().iloc[0]
    array = isinstance(first, np.ndarray) and first.ndim == 2 and first.dtype.kind == "f"
    if len(lists) == 1 and array and guess.normalised(name) == "series":
        target = "" if labelled else ", but no column label"
        return Confidence(0.95 if labelled else 0.4, f'a series in each cell of "{name}"{target}')
    numbers = _numbers_in(first)
    if len(lists) == 1 and numbers and labelled:
        return Confidence(0.7, f'lists of numbers in "{name}" and a label')
    return Confidence(0.1, "columns of lists")


def _numbers_in(cell: object) -> bool:
    try:
        values = np.asarray(cell)
    except ValueError:
        return False
    return values.dtype.kind in "fiu" and values.size > 1


def _one_label_each(table: Table, number: str, label: str) -> bool:
    frame = table.frame
    by_id = frame.groupby(number)[label].nunique()
    return len(by_id) >= 4 and bool((by_id <= 1).all()) and frame[label].nunique() < len(by_id)


def _headerless(table: Table, kinds: dict[str, ColumnKind]) -> Confidence:
    """Files of archives: the class, then the steps, without a header."""
    names = list(kinds)
    if not table.header and len(names) > _HEADERLESS:
        for end in (0, -1):
            rest = [kinds[name] for name in names if name != names[end]]
            steps = all(kind in (*guess.NUMERIC, ColumnKind.CONSTANT) for kind in rest)
            if steps and guess.is_categorical(table.frame[names[end]]):
                why = f"a class and {len(rest)} numbers a row, without a header"
                return Confidence(0.75, why)
    return Confidence(0.05, "no series with labels")


def collect(sources: Sources, spec: DataSpec) -> tuple[Collection, Layout]:
    """Series and labels of all given tables; what cannot be used is an error that names it."""
    table = sources.joined()
    if not len(table.frame):
        raise UserError(f'"{table.origin}": no rows', "bring a table with series and labels")
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    given = _end_label(table, given)
    options = RecordingOptions.read(spec.options, "options")
    others = [given[role] for role in ("label", "group", "split") if role in given]
    layout = find_layout(table, given, others or _labels_by_name(table))
    if layout.kind == "long" and "split" in table.frame:
        table = _apart(table, layout)
    rows = one_row_each(table, layout, transpose=options.transpose)
    return collection_of(rows, layout, given, training=True), layout


def collection_of(
    rows: Table, layout: Layout, given: dict[str, str], *, training: bool
) -> Collection:
    """Checked series of a table that has one a row."""
    names = names_of(rows, layout)
    taken = ["series", *([layout.id] if layout.id else [])]
    roles = roles_around(rows, given, taken, training=training)
    beside = around(rows, roles, names, training=training)
    values = [np.asarray(v, dtype=np.float32) for v in rows.frame["series"]]
    channels = layout.channels if layout.kind == "long" else ()
    found = Collection(
        values, names, beside["labels"], roles, rows.notes, rows.origin, channels,
        beside["groups"], beside["given"],
    )  # fmt: skip
    check(found)
    return found


def names_of(rows: Table, layout: Layout) -> list[str]:
    """What each series is called: by its id, or by its number from 1."""
    if layout.kind == "long":
        return [f'series "{name}"' for name in rows.frame[layout.id]]
    return [f"series {number}" for number in range(1, len(rows.frame) + 1)]


def check(data: Collection) -> None:
    """Channels, lengths and values that no model could read."""
    channels = data.values[0].shape[1] if data.values[0].ndim == 2 else 0
    for row, values in enumerate(data.values):
        place = data.place(row)
        if values.ndim != 2 or values.shape[1] != channels:
            held = values.shape[1] if values.ndim == 2 else values.shape
            raise UserError(
                f"{place} has {held} channels, the first has {channels}",
                "expected as many channels in every series",
            )
        if len(values) < 2:
            steps = "no steps" if not len(values) else "one step"
            raise UserError(f"{place} has {steps}", "expected series of at least 2 steps")
        if np.isinf(values).any():
            step, channel = np.argwhere(np.isinf(values))[0]
            raise UserError(
                f"{place} step {step + 1} channel {channel + 1}: infinite value",
                "correct it or leave the cell empty",
            )
        if np.isnan(values).all():
            raise UserError(f"{place} has no values: all are missing", "take it out")


def _labels_by_name(table: Table) -> list[str]:
    """Columns that are labels, groups or parts by their names: never a channel or a step."""
    found: list[str] = []
    for role in ("label", "group", "split"):
        try:
            held = guess.find(table.frame, role, exclude=found)
        except UserError:
            held = None
        by_name = {guess.normalised(n) for n in guess.aliases(role)}
        if held is not None and (role == "label" or guess.normalised(held.column) in by_name):
            found.append(held.column)
    return found


def _end_label(table: Table, given: dict[str, str]) -> dict[str, str]:
    """In a table without a header the class stands first or last."""
    names: Sequence[str] = list(map(str, table.frame.columns))
    if "label" in given or table.header or len(names) <= _HEADERLESS:
        return given
    for end in (0, -1):
        if guess.is_categorical(table.frame[names[end]]):
            return {**given, "label": names[end]}
    return given


def _apart(table: Table, layout: Layout) -> Table:
    """A name in two given parts is two series, which is told where they would be mixed up."""
    parts = table.frame.groupby(layout.id)["split"].nunique()
    shared = parts[parts > 1]
    if shared.empty:
        return table
    named = table.frame[layout.id].astype("str") + " (" + table.frame["split"].astype("str") + ")"
    note = f'{len(shared):,} names of "{layout.id}" stand in two parts: read as different series'
    frame = table.frame.assign(**{layout.id: named})
    return Table(frame, table.origin, (*table.notes, note), table.header)
