"""Months and quarters with a point, 01.2013 and 2013.01, which are no fractions."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from seqlab.data.cells import ParsedColumn
from seqlab.data.columns import names_time
from seqlab.data.delimited import MISSING

_MONTH_FIRST = re.compile(r"(\d{1,2})\.(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})\.(\d{1,2})")


def pointed_moments(cells: Sequence[str], name: str) -> ParsedColumn | None:
    """The texts of a column that is named as a time and holds such moments; None: it holds none.

    Where a program took 2013.10 for a number it stands as 2013.1 among 2013.01 to 2013.09.
    """
    if not names_time(name):
        return None
    texts = [cell.strip() for cell in cells]
    known = [text for text in texts if text not in MISSING]
    for pattern, part in ((_MONTH_FIRST, 1), (_YEAR_FIRST, 2)):
        found = [pattern.fullmatch(text) for text in known]
        if known and all(match and 1 <= int(match[part]) <= 12 for match in found):
            break
    else:
        return None
    padded = part == 2 and any(text[-3] == "." and text[-2] == "0" for text in known)
    if padded:
        texts = [text + "0" if text[-2:] == ".1" else text for text in texts]
    return ParsedColumn(
        pd.Series([text if text not in MISSING else None for text in texts], dtype="str")
    )
