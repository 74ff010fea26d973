"""Where a moment stands in the day, week and year, as points on circles.

A cycle is read only where the training part holds it at least twice: a model that has seen one
January cannot know what January does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.tasks.forecasting.frequency import DAY, Frequency

Array = NDArray[np.float32]
CYCLES = {"day": 1.0, "week": 7.0, "year": 365.25}  # their lengths in days


def cycles(frequency: Frequency, steps: int) -> tuple[str, ...]:
    """The cycles that this many steps hold twice and that are longer than a step."""
    if not frequency.dated:
        return ()
    step = frequency.days
    return tuple(
        name for name, days in CYCLES.items() if 2 * step <= days and steps * step >= 2 * days
    )


def features(moments: NDArray[np.generic], chosen: tuple[str, ...]) -> Array:
    """Sine and cosine of each cycle: (rows,) → (rows, 2 · cycles)."""
    if not chosen:
        return np.zeros((len(moments), 0), dtype=np.float32)
    stamps = moments.astype("datetime64[us]")
    days = stamps.astype(np.int64) / DAY
    year = stamps.astype("datetime64[Y]")
    in_year = (stamps - year.astype("datetime64[us]")).astype(np.int64) / DAY
    place = {"day": days % 1, "week": (days + 3) % 7 / 7, "year": in_year / 366}
    angles = 2 * np.pi * np.stack([place[c] for c in chosen], axis=1)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)
