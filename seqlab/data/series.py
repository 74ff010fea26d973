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
)
from seqlab.errors import UserError


def numeric_columns(frame: pd.DataFrame, *, exclude: Sequence[str] = ()) -> list[str]:
    """The columns of numbers, without those that have another role.

    What counts rows is no series, unless it is all there is or named as what is forecast: 0, 1,
    2, … go on too.
    """
    kinds = describe(frame)
    kept = [*NUMERIC, ColumnKind.CONSTANT]
    usual = [name for name in kinds if len(kinds) == 1 or normalised(name) in aliases("target")]
    return [
        name
        for name, kind in kinds.items()
        if (kind in kept or (kind is ColumnKind.IDENTIFIER and name in usual))
        and name not in exclude
        and pd.api.types.is_numeric_dtype(frame[name].dtype)
    ]


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
