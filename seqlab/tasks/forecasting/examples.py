"""Windows of a panel as examples: index arrays over shared rows, gathered a batch at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.forecasting.fitted import Fitted
from seqlab.tasks.forecasting.frequency import Frequency, calendar_features
from seqlab.tasks.forecasting.panel import Panel
from seqlab.tasks.forecasting.scaling import Scales, fill_forward
from seqlab.tasks.forecasting.windows import Geometry, Windows

Array = NDArray[Any]
Rows = NDArray[np.int64]


def shared_arrays(panel: Panel, scales: Scales, fitted: Fitted) -> dict[str, Array]:
    """What all windows of a panel index into.

    targets (P, C) as in the data, NaN where missing; inputs (P, C + V) standardised, filled
    forward; known (P, C + V), where anything is missing; calendar (P, K); static (S, F)
    standardised; mean, std, naive by series; offsets, first and phase, for dates.
    """
    C = len(panel.targets)
    standard = np.empty_like(panel.values)
    owners = panel.owners()
    for k in range(panel.values.shape[1]):  # by column, to spare memory
        standard[:, k] = (panel.values[:, k] - scales.mean[owners, k]) / scales.std[owners, k]
    filled = fill_forward(standard, panel.offsets, np.zeros((len(panel), standard.shape[1])))
    moments = panel.moments(owners, np.arange(len(panel.values)))
    arrays: dict[str, Array] = {
        "targets": panel.values[:, :C],
        "inputs": filled.astype(np.float32),
        "mean": scales.mean,
        "std": scales.std,
        "naive": scales.naive,
        "offsets": panel.offsets,
        "first": panel.first,
        "phase": np.array([panel.frequency.phase]),
    }
    if fitted.cycles:
        arrays["calendar"] = calendar_features(moments, fitted.cycles)
    if fitted.layout.static:
        assert panel.static is not None
        static = (panel.static - np.array(fitted.static_mean)) / np.array(fitted.static_std)
        arrays["static"] = np.nan_to_num(static).astype(np.float32)
    if np.isnan(panel.values).any():
        arrays["known"] = ~np.isnan(panel.values)
    return arrays


def examples_of(windows: Windows, panel: Panel, shared: dict[str, Array]) -> Examples:
    """One example per window."""
    names = pd.Categorical.from_codes(windows.series, pd.Index(panel.series))
    frame = pd.DataFrame({"unique_id": names, "ds": panel.moments(windows.series, windows.origins)})
    arrays: dict[str, Any] = {"series": windows.series, "origin": windows.origins}
    return Examples(arrays, frame, shared, windows.blocks)


def origins(examples: Examples, rows: Rows | None = None) -> Rows:
    """The first row to forecast, of all windows or of some."""
    return _numbers(examples.arrays["origin"], rows)


def series_of(examples: Examples, rows: Rows | None = None) -> Rows:
    """The series, by number, of all windows or of some."""
    return _numbers(examples.arrays["series"], rows)


def starts(examples: Examples) -> Rows:
    """The grid position of the panel's row 0, were it of each window's series."""
    shared, series = examples.shared, series_of(examples)
    return _numbers(shared["first"], series) - _numbers(shared["offsets"], series)


def _numbers(array: object, rows: Rows | None) -> Rows:
    numbers = np.asarray(array, dtype=np.int64)
    return numbers if rows is None else numbers[rows]


def grid(examples: Examples, fitted: Fitted) -> Frequency:
    """The grid of these examples: new data may lie half an hour beside those trained on."""
    return replace(fitted.frequency, phase=int(np.asarray(examples.shared["phase"])[0]))


def past(name: str, examples: Examples, steps: int, rows: Rows | None = None) -> Array:
    """The `steps` rows of a shared array before each window's origin, (windows, steps, …)."""
    index = origins(examples, rows)[:, None] + np.arange(-steps, 0)
    return np.take(examples.shared[name], index, axis=0)


def future(name: str, examples: Examples, steps: int, rows: Rows | None = None) -> Array:
    """The `steps` rows from each window's origin on, (windows, steps, …)."""
    index = origins(examples, rows)[:, None] + np.arange(steps)
    return np.take(examples.shared[name], index, axis=0)


def scale(name: str, examples: Examples, channels: int, rows: Rows | None = None) -> Array:
    """A scale (mean, std, naive) of each window's targets, (windows, 1, channels)."""
    return np.asarray(examples.shared[name])[series_of(examples, rows), None, :channels]


def patch_ends(examples: Examples, geometry: Geometry, rows: Rows | None = None) -> Array:
    """The calendar at the end of each patch of look-back and horizon, (windows, positions, K)."""
    ahead = -(-geometry.horizon // geometry.patch)
    ends = geometry.patch * np.arange(1 - geometry.positions, ahead + 1)
    index = origins(examples, rows)[:, None] - 1 + np.minimum(ends, geometry.horizon)
    return np.take(examples.shared["calendar"], index, axis=0)
