"""Further columns as numbers: one of words becomes an indicator for each word.

Which words there are is learned from the training table; later, others are none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.series import numbers
from seqlab.errors import UserError

Array = NDArray[np.float64]
Categories = tuple[tuple[str, tuple[str, ...]], ...]  # columns of words, and their words
MOST_CATEGORIES = 50


def categories(frame: pd.DataFrame, columns: Sequence[str], origin: str) -> Categories:
    """The words of those columns that do not hold numbers."""
    found = []
    for name in columns:
        held = frame[name].dropna()
        if pd.api.types.is_numeric_dtype(held.dtype) or len(held) == 0:
            continue
        if pd.to_numeric(held, errors="coerce").notna().mean() > 0.5:
            continue  # numbers with a slip of the pen, which reading them will name
        words = sorted(held.astype("str").unique())
        if len(words) > MOST_CATEGORIES:
            raise UserError(
                f'"{origin}" column "{name}": {len(words)} different words; a covariate may have'
                f" {MOST_CATEGORIES}",
                "group the rare ones, or leave the column out",
            )
        found.append((name, tuple(words)))
    return tuple(found)


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
    words, found = dict(known), []
    for name in columns:
        if name not in words:
            found.append(finite(frame, name, origin))
            continue
        cells, missing = frame[name].astype("str").to_numpy(), frame[name].isna().to_numpy()
        found += [np.where(missing, np.nan, cells == word) for word in words[name]]
    return found


def finite(frame: pd.DataFrame, name: str, origin: str) -> Array:
    """A column of numbers, NaN where missing; an infinite one is an error."""
    column = numbers(frame, name, origin)
    infinite = np.isinf(column)
    if infinite.any():
        row = int(infinite.argmax())
        raise UserError(
            f'"{origin}" column "{name}" row {row + 1}: infinite value',
            "replace it by a number, or leave the cell empty where the value is missing",
        )
    return np.asarray(column, dtype=np.float64)
