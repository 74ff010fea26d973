"""Moments as a user wrote them, on one clock: numbers, or dates that all have a zone, or none."""

from __future__ import annotations

import pandas as pd

from seqlab.data.times import ZONE, parse_times
from seqlab.errors import UserError


def on_one_clock(moments: pd.Series, where: str) -> pd.Series:
    """Moments that can be put in order: numbers as they are, dates without zone (ns).

    `where` names the place for errors: a date with a zone among others without one, or no date.
    """
    numbers = pd.to_numeric(moments, errors="coerce")
    if not numbers.isna().any() or pd.api.types.is_datetime64_any_dtype(moments.dtype):
        return moments if pd.api.types.is_datetime64_any_dtype(moments.dtype) else numbers
    zoned = moments.astype("str").str.strip().str.contains(ZONE).to_numpy(bool)
    if zoned.any() and not zoned.all():
        row = int((zoned != zoned[0]).argmax())
        raise UserError(
            f'{where}: "{moments.iloc[row]}" has {"a" if zoned[row] else "no"} time zone, unlike'
            f' "{moments.iloc[0]}" before',
            "write all moments with a zone, or all without",
        )
    return parse_times(moments.rename(str(moments.name or "time")), where.strip('"'))
