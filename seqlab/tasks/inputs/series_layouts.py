"""How series stand in a table: arrays in cells, one series a row, or one step a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.clock import on_one_clock
from seqlab.data.columns import ColumnKind
from seqlab.data.npz import oriented
from seqlab.data.series import matrix, numeric_columns
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.errors import UserError
from seqlab.specs import Spec

FEWEST_STEP_COLUMNS = 8  # of numbers, from which a row can be a series
_CELL_COLUMNS = ("series", "image", "signal", "values", "x", "signals")
_ID_COLUMNS = ("id", "case", "case_id", "recording", "recording_id", "sample", "sample_id", "trial",
        "window_id", "sequence", "sequence_id", "record", "record_id", "file",
        "filename", "utterance", "utterance_id", "utt", "utt_id")  # fmt: skip
_TIME_COLUMNS = ("step", "t", "index", "position", "frame", "sample_number")


class ArrayOptions(Spec):
    """transpose: steps and channels were read the wrong way round."""

    transpose: bool = False


class SeriesLayout(Spec):
    """Which columns hold the values, and how.

    kind: `cells`, arrays or lists in one column; `wide`, a series a row; `long`, a step a row,
    the rows of a series named by `id` and perhaps put in order by `time`. steps: of every series,
    where all are as long, else 0; longest: of the longest.
    """

    kind: Literal["cells", "wide", "long"]
    channels: tuple[str, ...]
    id: str = ""
    time: str = ""
    steps: int = 0
    longest: int = 0


def find_layout(table: Table, given: dict[str, str], others: Sequence[str]) -> SeriesLayout:
    """The layout of a table; `others` are columns with another role."""
    frame = table.frame
    kinds = guess.describe(frame)
    lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
    if "series" in given and given["series"] in lists:
        return SeriesLayout(kind="cells", channels=(given["series"],))
    named = [name for name in lists if guess.normalised(name) in _CELL_COLUMNS]
    if len(named) == 1 or len(lists) == 1:
        return SeriesLayout(kind="cells", channels=tuple(named or lists))
    if lists:
        raise guess.ambiguous("series", lists, table.origin)
    taken = [*others, *(v for k, v in given.items() if k not in ("series", "time"))]
    number = id_column(frame, given, taken, table.origin)
    if number is not None:
        time = _time_column(frame, given, [*taken, number], table.origin)
        channels = numeric_columns(frame, exclude=[*taken, number, time])
        if channels:
            return SeriesLayout(kind="long", channels=tuple(channels), id=number, time=time)
    wide = [n for n in numeric_columns(frame, exclude=taken) if not _counts(frame, n, kinds[n])]
    if len(wide) >= FEWEST_STEP_COLUMNS:
        return SeriesLayout(kind="wide", channels=tuple(wide))
    raise UserError(
        f'"{table.origin}": no series found among {guess.listed_columns(frame)}',
        "expected an id and a time column beside channels; or many columns of numbers; or arrays",
    )


def _counts(frame: pd.DataFrame, name: str, kind: ColumnKind) -> bool:
    return kind is ColumnKind.IDENTIFIER and guess.normalised(name) in ("id", "row", *_ID_COLUMNS)


def id_column(
    frame: pd.DataFrame, given: dict[str, str], taken: Sequence[str], origin: str
) -> str | None:
    """The column that names the series of a long table, if its values repeat."""
    if "series" in given:
        return guess.named(frame, given["series"], origin)
    columns = {guess.normalised(str(name)): str(name) for name in reversed(frame.columns)}
    for alias in (*guess.aliases("series"), *_ID_COLUMNS, *guess.aliases("group")):
        name = columns.get(alias)
        # Whose a series is names it, where nothing else does.
        free = name not in taken or (alias in guess.aliases("group") and name not in given.values())
        if name is not None and free and 2 * frame[name].nunique() <= len(frame):
            return name
    return None


def _time_column(
    frame: pd.DataFrame, given: dict[str, str], taken: Sequence[str], origin: str
) -> str:
    if "time" in given:
        return guess.named(frame, given["time"], origin)
    wanted, free = {*guess.aliases("time"), *_TIME_COLUMNS}, map(str, frame.columns)
    return next((n for n in free if guess.normalised(n) in wanted and n not in taken), "")


def one_row_each(table: Table, layout: SeriesLayout, *, transpose: bool) -> Table:
    """The table with one row a series, its values (steps, channels) in a column `series`."""
    match layout.kind:
        case "cells":
            return _from_cells(table, layout.channels[0], transpose)
        case "wide":
            return _from_wide(table, layout)
        case "long":
            return _from_long(table, layout)


def _from_cells(table: Table, column: str, transpose: bool) -> Table:
    cells = table.frame[column]
    arrays: list[Any] = [_array(cell) for cell in cells]
    known = [row for row, array in enumerate(arrays) if array is not None]
    if not known:
        raise UserError(
            f'"{table.origin}" column "{column}" row 1 is not a series of numbers',
            "expected a list of numbers, or of channels that are as long",
        )
    notes = []
    ready = all(
        isinstance(c, np.ndarray) and c.ndim == 2 and c.dtype != object for c in cells[known]
    )
    if not ready:
        turned, note = oriented([arrays[row] for row in known], table.origin)
        notes.append(note)
        for row, array in zip(known, turned, strict=True):
            arrays[row] = array
    if transpose:
        arrays = [None if array is None else array.T for array in arrays]
    frame = table.frame.drop(columns=column).assign(series=series_column(arrays))
    return replace(table, frame=frame).noting(notes)


def _array(cell: Any) -> np.ndarray[Any, Any] | None:
    """A cell as numbers; None where it holds no series."""
    try:
        nested = len(cell) and not np.isscalar(cell[0]) and cell[0] is not None
        parts = [np.asarray(part, dtype=np.float32) for part in cell] if nested else cell
        array = np.asarray(parts, dtype=np.float32)
    except (ValueError, TypeError, KeyError):
        return None
    return array if array.ndim in (1, 2) else None


def _from_wide(table: Table, layout: SeriesLayout) -> Table:
    names = list(layout.channels)
    missing = [name for name in names if name not in table.frame.columns]
    if missing:
        raise UserError(
            f'"{table.origin}": column "{missing[0]}" is missing, one of {len(names)} steps',
            "expected the columns of the training data",
        )
    values = matrix(table.frame, names, table.origin)
    known = ~np.isnan(values)
    lengths = np.where(known.any(axis=1), len(names) - known[:, ::-1].argmax(axis=1), len(names))
    series = [row[:length, None] for row, length in zip(values, lengths, strict=True)]
    frame = table.frame.drop(columns=names).assign(series=series_column(series))
    return replace(table, frame=frame)


def _from_long(table: Table, layout: SeriesLayout) -> Table:
    frame, origin = table.frame, table.origin
    missing = [n for n in (layout.id, *layout.channels) if n not in frame.columns]
    if missing:
        raise UserError(
            f'"{origin}": no column "{missing[0]}"', "expected the columns of the training data"
        )
    values = matrix(frame, layout.channels, origin)
    codes, ids = pd.factorize(frame[layout.id])
    if (codes < 0).any():
        row = int((codes < 0).argmax()) + 1
        raise UserError(
            f'"{origin}" column "{layout.id}" row {row}: the series is missing',
            "name the series of every row, or leave the row out",
        )
    order = np.argsort(codes, kind="stable")
    if layout.time and layout.time in frame.columns:
        moments = on_one_clock(frame[layout.time], f'"{origin}" column "{layout.time}"')
        order = np.lexsort((moments.to_numpy(), codes))
        _refuse_repeated(frame, layout, moments.to_numpy()[order], codes[order], order, origin)
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    series = np.split(values[order].astype(np.float32), cuts)
    rows = np.array([piece[0] for piece in np.split(order, cuts)])
    others = [n for n in frame.columns if n not in (layout.id, layout.time, *layout.channels)]
    for name in others:
        _refuse_changing(frame[name], codes, ids, layout.id, origin)
    columns = {str(name): frame[name].to_numpy()[rows] for name in others}
    gathered = pd.DataFrame({**columns, layout.id: np.asarray(ids)[codes[rows]]})
    gathered["series"] = series_column(series)
    lengths = [len(one) for one in series]
    note = f'{len(ids):,} series of {min(lengths):,}–{max(lengths):,} rows each by "{layout.id}"'
    return Table(gathered, origin, (*table.notes, note), table.header)


def _refuse_repeated(
    frame: pd.DataFrame, layout: SeriesLayout, moments: Any, codes: Any, order: Any, origin: str
) -> None:
    twice = (moments[1:] == moments[:-1]) & (codes[1:] == codes[:-1])
    if twice.any():
        row = int(order[int(twice.argmax()) + 1])
        raise UserError(
            f'"{origin}" row {row + 1}: series "{frame[layout.id].iloc[row]}" has'
            f' {layout.time} "{frame[layout.time].iloc[row]}" twice',
            "expected one row a moment and series",
        )


def _refuse_changing(column: pd.Series, codes: Any, ids: Any, name: str, origin: str) -> None:
    """What is said of a series must be the same in all of its rows."""
    values = pd.factorize(column)[0]
    first = np.full(len(ids), -2)
    first[codes[::-1]] = values[::-1]
    changing = values != first[codes]
    if changing.any():
        row = int(changing.argmax())
        raise UserError(
            f'"{origin}" row {row + 1}: series "{ids[codes[row]]}" changes its "{column.name}" to'
            f' "{column.iloc[row]}"',
            f"expected one value for each {name}; for labels of every step: --task tag",
        )


def steps_of_one_stem(names: Sequence[str]) -> bool:
    """Whether names are one stem with numbers that go up by one: t0, t1, t2 …"""
    matches = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    stems = {match[1] for match in matches if match}
    if None in matches or len(stems) != 1:
        return False
    return bool((np.diff([int(match[2]) for match in matches if match]) == 1).all())
