"""Where a moment stands in the day, week and year, as points on circles.

A cycle is read only where the training part holds it at least twice: a model that has seen one
January cannot know what January does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.tasks.forecasting.frequency import DAY, Frequency

Array = NDArray[np.float32]
CYCLES = ("day", "week", "year")
_SPAN = {"day": 1.0, "week": 7.0, "year": 365.25}  # days


def cycles(frequency: Frequency, steps: int) -> tuple[str, ...]:
    """The cycles that this many steps hold twice and that are longer than a step."""
    if not frequency.dated:
        return ()
    days = frequency.size / DAY if frequency.kind == "fixed" else 1.0
    if frequency.kind == "months":
        days = 30.44 * frequency.size
    elif frequency.kind == "weekdays":
        days = 1.4
    return tuple(c for c in CYCLES if 1.9 * days < _SPAN[c] and steps * days >= 2 * _SPAN[c])


def features(moments: NDArray[np.generic], chosen: tuple[str, ...]) -> Array:
    """Sine and cosine of each cycle: (rows,) → (rows, 2 · cycles)."""
    if not chosen:
        return np.zeros((len(moments), 0), dtype=np.float32)
    stamps = moments.astype("datetime64[ns]")
    days = stamps.astype(np.int64) / DAY
    year = stamps.astype("datetime64[Y]")
    in_year = (stamps - year.astype("datetime64[ns]")).astype(np.int64) / DAY
    place = {"day": days % 1, "week": (days + 3) % 7 / 7, "year": in_year / 366}
    angles = 2 * np.pi * np.stack([place[c] for c in chosen], axis=1)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)
