"""Trend and remainder of the look-back, each with a linear map to the horizon.

DLinear of Zeng et al. (2023), "Are Transformers effective for time series forecasting?": the trend
is a moving average over 25 steps, its ends filled with the first and last value. Here the two maps
are found by ridge regression in closed form; together they are one linear map of the window, so
what sets DLinear apart from Linear is only how the ridge weighs slow and fast movement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.ridge import Ridge
from seqlab.registry import registered

CARD = {"title": "trend and remainder, each linear", "tasks": ["forecast"]}

TREND_STEPS = 25  # that the moving average spans


@registered
class Dlinear(Ridge):
    """Ridge on (remainder, trend) instead of on the steps themselves."""

    def features(self, lookback: int) -> NDArray[np.float64]:
        """(L, 2 L): the remainder, then the trend."""
        trend = moving_average(lookback)
        return np.concatenate([np.eye(lookback) - trend, trend], axis=1)


def moving_average(length: int) -> NDArray[np.float64]:
    """The matrix A for which x A is the centred moving average of x, (L, L)."""
    half = TREND_STEPS // 2
    matrix = np.zeros((length, length))
    for shift in range(-half, half + 1):
        source = np.clip(np.arange(length) + shift, 0, length - 1)
        np.add.at(matrix, (source, np.arange(length)), 1 / TREND_STEPS)
    return matrix
