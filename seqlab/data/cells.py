"""Columns of cells, as strings, to columns of numbers where every cell is one.

Words such as "NA" or "None" are missing values among numbers but words among words: a text may
well be "none", and a label often is. Leading zeros, or more digits than a number can hold, make
a code.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from seqlab.data.delimited import MISSING, NUMBER

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_CODE = re.compile(r"0\d+|\d{19,}")


def column(values: list[str], *, decimal_comma: bool = False) -> pd.Series:
    """Strings to integers, numbers or (the rest) strings with empty cells missing."""
    cells = [value.strip() for value in values]
    if decimal_comma and any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells):
        points = [
            cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells
        ]
        if _all_numbers(points):
            cells = points
    if not _all_numbers(cells):
        return pd.Series([value if value.strip() else None for value in values], dtype="str")
    if all(_WHOLE.fullmatch(cell) for cell in cells):
        return pd.Series(np.array(cells, dtype=np.int64))
    return pd.Series([np.nan if cell in MISSING else float(cell) for cell in cells], dtype="f8")


def _all_numbers(cells: list[str]) -> bool:
    """Whether all cells are numbers or missing, at least one is a number, and none is a code."""
    numbers = 0
    for cell in cells:
        if NUMBER.fullmatch(cell):
            if _CODE.fullmatch(cell):
                return False
            numbers += 1
        elif cell not in MISSING:
            return False
    return numbers > 0
