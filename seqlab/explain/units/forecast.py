"""Lags of the targets and covariates of a forecast, and what is known of the time to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.explain.units.base import Array, Flags, Removal, Rows, Units
from seqlab.explain.units.values import span_name, stretches
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.examples import origins, series_of

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch

STRETCHES_BEFORE, STRETCHES_AHEAD = 16, 8
BY_ROW = ("targets", "inputs", "known", "calendar")  # shared arrays with a row a step
BY_SERIES = ("mean", "std", "naive", "static")


class ForecastUnits(Units):
    """An input × a stretch of lags; lag 1 is the last value before the forecast.

    What says nothing is the mean of the input over the window. The calendar and what is the same
    all along a series are left as they are.
    """

    noun = "lags"

    def __init__(self, task: Forecast, examples: Examples, background: Examples) -> None:
        self.task, self.examples, self.background = task, examples, background
        fitted, geometry = task.fitted, task.fitted.geometry
        self.lookback, self.horizon = geometry.lookback, geometry.horizon
        layout = fitted.layout
        self.inputs = [*layout.targets, *layout.past_inputs, *layout.known_inputs]
        self.first_known = fitted.past_width
        before = stretches(self.lookback, STRETCHES_BEFORE)
        ahead = stretches(self.horizon, STRETCHES_AHEAD)
        known = range(self.first_known, len(self.inputs))
        self.map = np.full((self.lookback + self.horizon, len(self.inputs)), -1, dtype=np.int64)
        self.labels: list[str] = []
        for number, name in enumerate(self.inputs):
            for start, end in before[::-1]:
                lags = span_name(self.lookback - end, self.lookback - start)
                self._add(f"{name}, lag {lags}", slice(start, end), number)
        for number in known:
            for start, end in ahead:
                rows = slice(self.lookback + start, self.lookback + end)
                self._add(f"{self.inputs[number]}, ahead {span_name(start, end)}", rows, number)

    def _add(self, label: str, rows: slice, column: int) -> None:
        self.map[rows, column] = len(self.labels)
        self.labels.append(label)

    def names(self, row: int) -> list[str]:
        return self.labels

    def baseline(self, batch: Batch, entered: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        past = entered[0].mean(dim=1, keepdim=True).expand_as(entered[0])
        ahead = (past[:, :1, self.first_known :].expand_as(tensor) for tensor in entered[1:])
        return (past, *ahead)

    def sums(
        self, batch: Batch, pulls: Sequence[Tensor], gradients: Sequence[Tensor]
    ) -> list[Array]:
        whole = np.zeros((len(batch.rows), *self.map.shape))
        whole[:, : self.lookback] = pulls[0].double().cpu().numpy()
        for pull in pulls[1:]:
            whole[:, self.lookback :, self.first_known :] = pull.double().cpu().numpy()
        inside = self.map >= 0
        return [
            np.bincount(self.map[inside], one[inside], len(self.labels)).astype(np.float64)
            for one in whole
        ]

    def without(
        self, rows: Rows, removed: Sequence[Flags], how: Removal, rng: np.random.Generator
    ) -> Examples:
        cut = self._apart(rows)
        steps = self.lookback + self.horizon
        values = cut.shared["inputs"].reshape(len(rows), steps, -1).copy()
        for place, flags in enumerate(removed):
            hidden = np.append(flags, False)[self.map]
            values[place] = self._changed(values[place], hidden, how, rng)
        cut.shared["inputs"] = values.reshape(len(rows) * steps, -1)
        return cut

    def _changed(
        self, values: NDArray[Any], hidden: Flags, how: Removal, rng: np.random.Generator
    ) -> NDArray[Any]:
        if how == "resample":
            other = int(rng.integers(len(self.background)))
            origin = int(origins(self.background)[other])
            index = origin + np.arange(-self.lookback, self.horizon)
            drawn = np.take(self.background.shared["inputs"], index, axis=0)
            return np.where(hidden, drawn, values)
        found = values.astype(np.float64)
        level = values[: self.lookback].mean(axis=0)
        steps = np.arange(len(values))
        for column in np.flatnonzero(hidden.any(axis=0)):
            away = hidden[:, column]
            seen = ~away & (steps < self.lookback + self.horizon * (column >= self.first_known))
            if how == "delete" and seen.any():
                found[away, column] = np.interp(steps[away], steps[seen], found[seen, column])
            else:
                found[away, column] = level[column]
        return found.astype(values.dtype)

    def _apart(self, rows: Rows) -> Examples:
        """Each window as a series of its own, so that windows that overlap can differ."""
        shared, series = self.examples.shared, series_of(self.examples, rows)
        origin = origins(self.examples, rows)
        steps = self.lookback + self.horizon
        index = (origin[:, None] + np.arange(-self.lookback, self.horizon)).ravel()
        cut: dict[str, Any] = dict(shared)
        cut |= {name: np.take(shared[name], index, axis=0) for name in BY_ROW if name in shared}
        cut |= {name: shared[name][series] for name in BY_SERIES if name in shared}
        first: Any = np.asarray(shared["first"])
        offsets: Any = np.asarray(shared["offsets"])
        cut["first"] = first[series] + origin - self.lookback - offsets[series]
        cut["offsets"] = np.arange(len(rows) + 1) * steps
        numbers = np.arange(len(rows))
        arrays: dict[str, Any] = {"series": numbers, "origin": numbers * steps + self.lookback}
        frame = self.examples.frame.iloc[rows].reset_index(drop=True)
        return Examples(arrays, frame, cut)
