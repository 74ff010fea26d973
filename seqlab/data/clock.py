"""Moments as a user wrote them, on one clock: numbers, or dates that all have a zone, or none."""

from __future__ import annotations

import pandas as pd

from seqlab.data.moments.finding import Moments, refuse_mixed_zones
from seqlab.data.moments.forms import learn


def on_one_clock(moments: pd.Series, where: str, unit: str = "row") -> pd.Series:
    """Moments that can be put in order: numbers as they are, dates without zone (us).

    `where` names the place for errors, `unit` what each moment is one of there: a date with a zone
    among others without one, or no date.
    """
    numbers = pd.to_numeric(moments, errors="coerce")
    if not numbers.isna().any() or pd.api.types.is_datetime64_any_dtype(moments.dtype):
        return moments if pd.api.types.is_datetime64_any_dtype(moments.dtype) else numbers
    refuse_mixed_zones(moments, where, unit)
    return parse_times(moments.rename(str(moments.name or "time")), where.strip('"'))


def parse_times(column: pd.Series, origin: str) -> pd.Series:
    """A column as moments (us) by itself, of no study; errors name the first row without one."""
    name = str(column.name)
    return Moments((name,), learn([column])).read(column.to_frame(name), origin)
