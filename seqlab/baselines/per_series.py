"""A statistical model of each series by itself: estimated on its training part, then held fixed.

Forecasts read the look-back, as all contestants do. A series that training did not hold is
estimated on its own look-back.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import State
from seqlab.baselines.point_forecast import Array, PointForecast
from seqlab.data.examples import Examples
from seqlab.tasks.base import Task
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.examples import origins, past, scale, series_of

MOST_SERIES = 100  # estimated one after the other, at up to a second each
MOST_STEPS = 600  # of a series, its latest before the training part ends
FEWEST_SEASONS = 2  # that a look-back must hold for one to be modelled


class PerSeries(PointForecast):
    """Abstract. coefficients (S, C, K): the K numbers of each series' and channel's model."""

    wants = f"at most {MOST_SERIES} series, which it estimates one by one"

    @classmethod
    def enters(cls, task: Task) -> bool:
        if not isinstance(task, Forecast):
            return False
        return len(task.fitted.series) * task.fitted.channels <= MOST_SERIES

    def __init__(self, names: tuple[str, ...] = (), coefficients: Array | None = None) -> None:
        self.names = names
        self.coefficients = np.zeros((0, 0, 0)) if coefficients is None else coefficients

    @staticmethod
    @abstractmethod
    def estimate(values: Array, season: int) -> Array:
        """The coefficients (K,) of the best model of a series (T,), standardised, without gaps."""

    @staticmethod
    @abstractmethod
    def extrapolate(windows: Array, coefficients: Array, season: int, horizon: int) -> Array:
        """(n, horizon) steps after windows (n, L) of one series, or of many: (n, K)."""

    def learn(self, task: Forecast, train: Examples, valid: Examples) -> Self:
        """Estimate every series on what its training windows reach."""
        series, last = series_of(train), origins(train) + task.fitted.geometry.horizon
        offsets = np.asarray(train.shared["offsets"], dtype=np.int64)
        inputs, season = np.asarray(train.shared["inputs"]), _season(task)
        count, C = len(task.fitted.series), task.fitted.channels
        coefficients: list[list[Array]] = []
        for s in range(count):
            mine = last[series == s]
            end = int(mine.max()) if len(mine) else int(offsets[s]) + task.fitted.geometry.lookback
            begin = max(int(offsets[s]), end - MOST_STEPS)
            values = inputs[begin:end, :C].astype(np.float64)
            coefficients.append([self.estimate(values[:, c], season) for c in range(C)])
        return type(self)(task.fitted.series, np.array(coefficients))

    def points(self, task: Forecast, examples: Examples) -> Array:
        geometry, C, season = task.fitted.geometry, task.fitted.channels, _season(task)
        windows = past("inputs", examples, geometry.lookback)[:, :, :C].astype(np.float64)
        number = {name: s for s, name in enumerate(self.names)}
        named = examples.frame["unique_id"].astype("str").to_numpy()
        rows = np.array([number.get(name, -1) for name in named])
        points = np.empty((len(windows), geometry.horizon, C))
        for c in range(C):
            own = self.coefficients[rows, c]
            for i in np.flatnonzero(rows < 0):
                own[i] = self.estimate(windows[i, :, c], season)
            points[:, :, c] = self.extrapolate(windows[:, :, c], own, season, geometry.horizon)
        mean, std = (scale(name, examples, C) for name in ("mean", "std"))
        return np.asarray(points * std + mean)

    @property
    def parameters(self) -> int:
        """Numbers that are not 0 in the models of all series."""
        return int((self.coefficients != 0).sum()) + super().parameters

    def learned(self) -> State:
        return {"series": list(self.names)}, {"coefficients": self.coefficients}

    @classmethod
    def restored(cls, values: dict[str, Any], arrays: dict[str, NDArray[np.generic]]) -> Self:
        coefficients = np.asarray(arrays["coefficients"], dtype=np.float64)
        return cls(tuple(values["series"]), coefficients)


def _season(task: Forecast) -> int:
    """The task's season, if look-backs hold it twice."""
    geometry = task.fitted.geometry
    return geometry.season if geometry.season * FEWEST_SEASONS <= geometry.lookback else 1
