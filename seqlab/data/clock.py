"""Moments as a user wrote them, on one clock: numbers, or dates that all have a zone, or none."""

from __future__ import annotations

import pandas as pd

from seqlab.data.times import ZONE, parse_times
from seqlab.errors import UserError


def on_one_clock(moments: pd.Series, where: str, unit: str = "row") -> pd.Series:
    """Moments that can be put in order: numbers as they are, dates without zone (ns).

    `where` names the place for errors, `unit` what each moment is one of there: a date with a zone
    among others without one, or no date.
    """
    numbers = pd.to_numeric(moments, errors="coerce")
    if not numbers.isna().any() or pd.api.types.is_datetime64_any_dtype(moments.dtype):
        return moments if pd.api.types.is_datetime64_any_dtype(moments.dtype) else numbers
    refuse_mixed_zones(moments, where, unit)
    return parse_times(moments.rename(str(moments.name or "time")), where.strip('"'))


def refuse_mixed_zones(moments: pd.Series, where: str, unit: str = "row") -> None:
    """An error that names the first date whose zone is unlike that of the dates before it."""
    zoned = moments.astype("str").str.strip().str.contains(ZONE, regex=True).to_numpy(bool)
    if zoned.any() and not zoned.all():
        row = int((zoned != zoned[0]).argmax())
        held = "a" if zoned[row] else "no"
        raise UserError(
            f'{where} {unit} {row + 1}: "{moments.iloc[row]}" has {held} time zone, unlike'
            f' "{moments.iloc[0]}" before',
            "write all moments with a zone, or all without",
        )
