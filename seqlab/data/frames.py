"""Data that is in memory already: pandas frames and Hugging Face data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.class_names import with_names
from seqlab.data.columns import aliases, normalised
from seqlab.data.folders import join_splits, split_of
from seqlab.data.moments.forms import can_be_moments, looks_like_dates
from seqlab.data.plain_cells import with_plain_cells
from seqlab.data.records import unfolded
from seqlab.data.table import Table
from seqlab.errors import UserError


def from_memory(source: Any) -> Table:
    """A table from a pandas frame or series, a Hugging Face `Dataset`, or several by split."""
    if isinstance(source, pd.Series):
        source = source.to_frame(source.name if source.name is not None else "y")
    if isinstance(source, pd.DataFrame):
        frame, notes = with_plain_cells(_plain_frame(source), "frame")
        return Table(frame, "frame", tuple(notes))
    if isinstance(source, Mapping) and not any(
        map(_is_column, source.values())
    ):  # a DatasetDict, or frames by split
        named = {split_of(str(name)): part for name, part in source.items()}
        others = [str(name) for name in source if split_of(str(name)) is None]
        tables = {split: from_memory(part) for split, part in named.items() if split is not None}
        if "train" not in tables:
            raise UserError(
                f"the data set has no part train, only {', '.join(map(str, source))}",
                "accepted: train, valid, test",
            )
        notes = [f'part "{name}" left out: it is none of train, valid, test' for name in others]
        return join_splits(tables, "data set").noting(notes)
    if hasattr(source, "to_pandas") and hasattr(source, "features"):
        origin = str(getattr(source, "builder_name", "") or "data set")
        frame, notes = with_plain_cells(_hugging_face(source), origin)
        return Table(frame, origin, tuple(notes))
    if isinstance(source, Mapping) or (isinstance(source, list) and _are_records(source)):
        return from_memory(pd.DataFrame(source))
    if hasattr(source, "to_pandas"):
        return from_memory(source.to_pandas())
    raise UserError(
        f"data of type {type(source).__name__} cannot be read",
        "expected a path, a pandas frame or series, or a Hugging Face data set",
    )


def _is_column(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray | pd.Series)


def _are_records(rows: list[Any]) -> bool:
    return len(rows) > 0 and all(isinstance(row, Mapping) for row in rows)


def _plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        raise UserError("the frame is empty", "expected at least one row and one column")
    names = _column_names(frame.columns)
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise UserError(f'the frame has several columns "{repeated[0]}"', "rename all but one")
    plain = frame.set_axis(names, axis=1)
    levels = index_columns(frame.index, names)
    if levels is None:
        return plain.reset_index(drop=True)
    taken = [name for name in levels.columns if name in names]
    if taken:
        raise UserError(
            f'the frame has "{taken[0]}" as a column and in its index', "rename one of the two"
        )
    return pd.concat([levels, plain.reset_index(drop=True)], axis=1)


def _column_names(columns: pd.Index) -> list[str]:
    """A name a column: of several levels the first that tells all apart, else all joined."""
    levels = [columns.get_level_values(i).map(str) for i in range(columns.nlevels)]
    telling = next((level for level in levels if level.is_unique), None)
    if telling is not None:
        return list(telling)
    return [" ".join(filter(None, names)) for names in zip(*levels, strict=True)]


def index_columns(index: pd.Index, beside: Sequence[str] = ()) -> pd.DataFrame | None:
    """An index that says something as columns; None: it only numbers the rows.

    That is one of moments, of names and moments, or with a name of its own that none of the columns
    `beside` it has. Names become texts, so that numbers of shops are no measurements. Levels
    without a name are called as what they hold: timestamp or item_id.
    """
    columns: dict[str, pd.Series] = {}
    for level in map(index.get_level_values, range(index.nlevels)):
        dated = is_dated(level)
        name = str(level.name) if level.name is not None else "timestamp" if dated else "item_id"
        name = name if name not in columns else f"{name}{len(columns) + 1}"
        column = level.to_series(index=pd.RangeIndex(len(index)))
        columns[name] = column if dated else column.astype("str").where(column.notna())
    levels = [index.get_level_values(i) for i in range(index.nlevels)]
    said = any(level.name is not None and str(level.name) not in beside for level in levels)
    return pd.DataFrame(columns) if said or any(map(is_dated, levels)) else None


def is_dated(level: pd.Index) -> bool:
    """Whether an index holds moments or periods, as such, as words, or as numbers by its name."""
    if isinstance(level, pd.DatetimeIndex | pd.PeriodIndex):
        return True
    cells = pd.Series(level).dropna()
    if pd.api.types.is_numeric_dtype(level.dtype):
        return normalised(str(level.name)) in aliases("time") and can_be_moments(cells)
    return len(cells) > 0 and looks_like_dates(cells.astype("str"))


def indexed_like(forecasts: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    """Forecasts (with unique_id and ds) under an index such as that of the data they follow on.

    Where that only numbered the rows, or names series that the forecasts do not, they stay as they
    are.
    """
    levels = [index.get_level_values(i) for i in range(index.nlevels)]
    names = [level for level in levels if not is_dated(level)]
    if len(names) == len(levels) or forecasts["ds"].isna().any():
        return forecasts
    by_name: dict[str, int] = {}
    for row, key in enumerate(zip(*names, strict=True)):
        by_name.setdefault("/".join(map(str, key)), row)
    given = forecasts["unique_id"].astype("str")
    if names and not set(given) <= by_name.keys():
        return forecasts
    rows = [by_name[name] for name in given] if names else []
    moments = pd.Index(forecasts["ds"])
    found = [moments if is_dated(level) else level[rows] for level in levels]
    if len(found) == 1:
        return forecasts.set_index(found[0].rename(index.name))
    return forecasts.set_index(pd.MultiIndex.from_arrays(found, names=index.names))


def _hugging_face(dataset: Any) -> pd.DataFrame:
    """A `datasets.Dataset` as a frame, its class numbers replaced by the classes' names."""
    frame = unfolded(_plain_frame(dataset.to_pandas()))
    for name, feature in dataset.features.items():
        inner = getattr(feature, "feature", feature)  # of a Sequence, what each of its values is
        names = getattr(inner, "names", None)
        if names and name in frame.columns:
            frame[name] = with_names(frame[name], names, f'the data set, column "{name}"')
    return frame
