"""Forecasts of single numbers; where quantiles are asked for, with those of their own errors.

The errors are those on the validation part, in standard deviations of each series, and are taken
step by step, so that intervals widen along the horizon as the errors do.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import Baseline, State
from seqlab.data.examples import Examples
from seqlab.tasks.base import Predictions
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.examples import scale

Array = NDArray[np.float64]


class PointForecast(Baseline[Forecast]):
    """Abstract: `learn` and `points` are to be written, and `learned` and `restored` where
    something is learned.

    spread (horizon, quantiles): what is added to a point, standardised; empty without quantiles
    """

    spread: Array = np.zeros((0, 0))

    def fit(self, task: Forecast, train: Examples, valid: Examples, seed: int) -> Self:
        """Learn from the training part, and from the validation part how far points are off."""
        fitted = self.learn(task, train, valid)
        if task.fitted.quantiles:
            predicted, wanted = task.on_scale("standard", fitted.points(task, valid), valid)
            fitted.spread = spread_of(wanted - predicted, task.fitted.quantiles)
        return fitted

    def predict(self, task: Forecast, examples: Examples) -> Predictions:
        """(windows, horizon, channels); (…, quantiles) where they are asked for."""
        points = self.points(task, examples)
        if not task.fitted.quantiles:
            return points
        std = scale("std", examples, task.fitted.channels)[..., None]  # (windows, 1, channels, 1)
        return points[..., None] + self.spread[:, None] * std

    def learn(self, task: Forecast, train: Examples, valid: Examples) -> Self:
        """A fitted copy; many learn nothing."""
        return type(self)()

    @abstractmethod
    def points(self, task: Forecast, examples: Examples) -> Array:
        """Forecasts in the data's own units, (windows, horizon, channels)."""

    @property
    def parameters(self) -> int:
        return self.spread.size

    def learned(self) -> State:
        """What `learn` has learned."""
        return {}, {}

    @classmethod
    def restored(cls, values: dict[str, Any], arrays: dict[str, NDArray[np.generic]]) -> Self:
        """From what `learned` gave."""
        return cls()

    def state(self) -> State:
        values, arrays = self.learned()
        return values, {**arrays, "spread": self.spread}

    @classmethod
    def from_state(cls, state: State) -> Self:
        fitted = cls.restored(*state)
        fitted.spread = np.asarray(state[1]["spread"], dtype=np.float64)
        return fitted


def spread_of(away: Array, quantiles: tuple[float, ...]) -> Array:
    """Quantiles (horizon, Q) of errors (windows, horizon, channels), NaN where unknown.

    Those below the middle are at most 0 and those above at least 0: the point stays the middle.
    """
    levels = np.array(quantiles)
    flat = away.transpose(1, 0, 2).reshape(away.shape[1], -1)
    known = [row[~np.isnan(row)] for row in flat]
    spread = np.stack(
        [np.quantile(row, levels) if len(row) else np.zeros(len(levels)) for row in known]
    )
    spread = np.where(levels < 0.5, np.minimum(spread, 0), np.maximum(spread, 0))
    return np.asarray(np.where(levels == 0.5, 0.0, spread))
