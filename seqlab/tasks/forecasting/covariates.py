"""Further columns as numbers: one of words becomes an indicator for each word.

Which words there are is learned from the training table; later, others are none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.series import matrix
from seqlab.errors import UserError

Array = NDArray[np.float64]
Categories = tuple[tuple[str, tuple[str, ...]], ...]  # columns of words, and their words
MOST_CATEGORIES = 50


def categories(frame: pd.DataFrame, columns: Sequence[str], origin: str) -> Categories:
    """The words of those columns that do not hold numbers."""
    word_columns = []
    for name in columns:
        cells = frame[name].dropna()
        if pd.api.types.is_numeric_dtype(cells.dtype) or len(cells) == 0:
            continue
        if pd.to_numeric(cells, errors="coerce").notna().mean() > 0.5:
            continue  # numbers with a slip of the pen, which reading them will name
        words = sorted(cells.astype("str").unique())
        if len(words) > MOST_CATEGORIES:
            raise UserError(
                f'"{origin}" column "{name}": {len(words)} different words; a covariate may have'
                f" {MOST_CATEGORIES}",
                "group the rare ones, or leave the column out",
            )
        word_columns.append((name, tuple(words)))
    return tuple(word_columns)


def names(columns: Sequence[str], known: Categories) -> tuple[str, ...]:
    """The numbers that columns become: price, wind=NW, wind=SE."""
    words = dict(known)
    return tuple(
        name if word is None else f"{name}={word}"
        for name in columns
        for word in words.get(name, (None,))
    )


def values(
    frame: pd.DataFrame, columns: Sequence[str], known: Categories, origin: str
) -> list[Array]:
    """One array (rows,) for each of `names`; NaN where a cell is missing."""
    words, arrays = dict(known), []
    plain = [name for name in columns if name not in words]
    numeric = dict(zip(plain, finite(frame, plain, origin).T, strict=True))
    for name in columns:
        if name in numeric:
            arrays.append(numeric[name])
            continue
        cells, missing = frame[name].astype("str").to_numpy(), frame[name].isna().to_numpy()
        arrays += [np.where(missing, np.nan, cells == word) for word in words[name]]
    return arrays


def finite(frame: pd.DataFrame, names: Sequence[str], origin: str) -> Array:
    """Columns of numbers (rows, columns), NaN where missing; an infinite one is an error."""
    table = matrix(frame, names, origin)
    infinite = np.isinf(table)
    if infinite.any():
        column = int(infinite.any(axis=0).argmax())
        row = int(infinite[:, column].argmax())
        raise UserError(
            f'"{origin}" column "{names[column]}" row {row + 1}: infinite value',
            "replace it by a number, or leave the cell empty where the value is missing",
        )
    return table
