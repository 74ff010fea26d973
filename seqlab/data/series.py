"""Columns of numbers of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqlab.data.columns import (
    NUMERIC,
    ColumnKind,
    aliases,
    describe,
    normalised,
    numeric_names,
)
from seqlab.errors import UserError


def numeric_columns(frame: pd.DataFrame, *, exclude: Sequence[str] = ()) -> list[str]:
    """The columns of numbers, without those that have another role.

    What counts rows is no series, unless it is all there is or named as what is forecast: 0, 1,
    2, … go on too.
    """
    kinds, numeric, targets = describe(frame), numeric_names(frame), set(aliases("target"))
    kept, excluded = {*NUMERIC, ColumnKind.CONSTANT}, set(exclude)

    def is_series(name: str, held: ColumnKind) -> bool:
        if held is ColumnKind.IDENTIFIER:
            return len(kinds) == 1 or normalised(name) in targets
        return held in kept

    fitting = [name for name in kinds if name in numeric and name not in excluded]
    return [name for name in fitting if is_series(name, kinds[name])]


def matrix(frame: pd.DataFrame, names: Sequence[str], origin: str) -> np.ndarray:
    """Columns as float64 (rows, columns); errors as of `numbers`."""
    if not names:
        return np.zeros((len(frame), 0))
    columns = frame[list(names)]
    if all(dtype.kind in "iuf" and isinstance(dtype, np.dtype) for dtype in set(columns.dtypes)):
        return columns.to_numpy("f8")
    return np.stack([numbers(frame, name, origin) for name in names], axis=1)


def numbers(frame: pd.DataFrame, name: str, origin: str) -> np.ndarray:
    """A column as float64; the error names the first row that is not a number."""
    column = frame[name]
    if column.dtype.kind in "iuf" and isinstance(column.dtype, np.dtype):
        return column.to_numpy("f8")
    values = pd.to_numeric(column, errors="coerce").astype("f8")
    wrong = (values.isna() & column.notna()).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise UserError(
            f'"{origin}" column "{name}" row {row + 1}: "{column.iloc[row]}" is not a number',
            "expected numbers; leave a cell empty where the value is missing",
        )
    return values.to_numpy()
