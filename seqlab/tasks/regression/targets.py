"""The numbers to predict: which columns hold them, and their values row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.series import numbers, numeric_columns
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.rows import Origins

JOIN = "+"  # several columns in one role: target=valence+arousal
# Names that a number to be predicted goes by, the best first.
_NAMES = "target y score value label rating valence similarity price output gold stars points grade"
NAMES = tuple(_NAMES.split())
FEWEST = 10  # different values from which numbers are a quantity and not classes

Array = NDArray[np.float64]


def named_targets(
    given: str | None, table: Table, taken: Sequence[str]
) -> tuple[tuple[str, ...], str]:
    """The target columns – the user's own, the best by name, or the only one – and how found."""
    frame, origin = table.frame, table.origin
    if given is not None:
        names = [name.strip() for name in given.split(JOIN)]
        return tuple(guess.named(frame, name, origin) for name in names), ""
    kinds = guess.describe(frame)
    numeric = [
        name
        for name in numeric_columns(frame, exclude=taken)
        if kinds[name] is not ColumnKind.IDENTIFIER
    ]
    by_name = {guess.normalised(name): name for name in numeric}
    for name in NAMES:
        if name in by_name:
            return (by_name[name],), f'target: column "{by_name[name]}" (by its name)'
    if len(numeric) == 1:
        return (numeric[0],), f'target: column "{numeric[0]}" (the only one of numbers)'
    if numeric:
        raise UserError(
            f'"{origin}": several columns could be the target: {", ".join(numeric[:8])}',
            f"name it with --columns target={numeric[0]}, or several as target="
            f"{JOIN.join(numeric[:2])}",
        )
    found = ", ".join(f"{name} ({kind})" for name, kind in list(kinds.items())[:8])
    raise UserError(
        f'"{origin}": no column of numbers to predict among {found}',
        "name it with --columns target=…",
    )


def is_quantity(column: pd.Series) -> bool:
    """Whether values are unmistakably numbers to predict: many, and not all whole."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return False
    values = column.dropna()
    finite = values[np.isfinite(values)]
    return bool((finite != finite.round()).any()) and int(values.nunique()) >= FEWEST


def values_of(
    frame: pd.DataFrame, names: Sequence[str], origins: Origins
) -> tuple[Array, NDArray[np.int64]]:
    """Targets (n, K), NaN where one is not known, and the rows in which none is known."""
    values = np.stack([numbers(frame, name, origins.tables[0][0]) for name in names], axis=1)
    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        row, k = map(int, infinite[0])
        raise UserError(
            f"{origins.place(row, names[k])}: infinite value, expected a number",
            "correct it or leave the cell empty",
        )
    return values, np.flatnonzero(np.isnan(values).all(axis=1))


def scale_of(targets: Array, names: Sequence[str], origin: str) -> tuple[Array, Array]:
    """Mean and standard deviation of the training part, (K,) each."""
    for k, name in enumerate(names):
        known = targets[~np.isnan(targets[:, k]), k]
        if len(known) < 2 or known.min() == known.max():
            held = f"always {known[0]:g}" if len(known) else "never known"
            raise UserError(
                f'"{origin}": column "{name}" is {held} in the training part: there is nothing to'
                " predict",
                "name another column with --columns target=…, or bring more rows",
            )
    return np.nanmean(targets, axis=0), np.nanstd(targets, axis=0)
