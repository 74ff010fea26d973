"""The two forecasts that need no learning, and that many models fail to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.forecasting.examples import origins, past, scale, series_of
from seqlab.tasks.forecasting.windows import Geometry

Array = NDArray[np.float64]
SEASONS_BACK = 4  # how far to look for a season whose value is known


def last_value(examples: Examples, geometry: Geometry, channels: int) -> Array:
    """The last known value, all along the horizon: (windows, horizon, channels)."""
    last = _natural(past("inputs", examples, 1)[:, :, :channels], examples, channels)
    return np.repeat(last, geometry.horizon, axis=1)


def seasonal(examples: Examples, geometry: Geometry, channels: int) -> Array:
    """The value of one season before; of earlier seasons where that one is missing.

    It may reach further back than the look-back; before the series' begin it is the last value.
    """
    season, H = geometry.season, geometry.horizon
    predicted = last_value(examples, geometry, channels)
    begin = np.asarray(examples.shared["offsets"], dtype=np.int64)[series_of(examples)][:, None]
    steps = np.arange(H)
    targets = np.asarray(examples.shared["targets"])
    open_ = np.ones(predicted.shape, dtype=bool)
    for back in range(1, SEASONS_BACK + 1):
        lag = season * (-(-(steps + 1) // season) + back - 1)
        rows = origins(examples)[:, None] + steps - lag  # (windows, horizon)
        season_before = targets[np.maximum(rows, 0)]
        usable = open_ & (rows >= begin)[:, :, None] & ~np.isnan(season_before)
        predicted[usable] = season_before[usable]
        open_ &= ~usable
        if not open_.any():
            break
    return predicted


def _natural(standard: NDArray[np.generic], examples: Examples, channels: int) -> Array:
    mean, std = (scale(name, examples, channels) for name in ("mean", "std"))
    return np.asarray(standard.astype(np.float64) * std + mean)
