"""Scales of each series, from its training part alone: mean, spread and seasonal naive error."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.tasks.forecasting.layout import Layout
from seqlab.tasks.forecasting.panel import Panel

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Scales:
    """mean, std (S, C + V), and naive (S, C): the mean absolute error of the seasonal naive
    forecast in the training part, NaN where it is 0 or unknown, so that nothing is divided by it.
    """

    mean: Array
    std: Array
    naive: Array

    def take(self, series: Rows) -> Scales:
        """The scales of some series."""
        return Scales(self.mean[series], self.std[series], self.naive[series])


def fit_scales(panel: Panel, ends: Rows, season: int) -> Scales:
    """Scales from the rows of each series before its end (S,).

    A series without a training value takes the middle of the others' scales.
    """
    owners = panel.owners()
    within = np.arange(len(panel.values)) - panel.offsets[owners]
    used = within < ends[owners]
    mean, std = _moments(panel.values, used, owners, len(panel))
    naive = _naive_error(panel, used, within, season)
    for lag in (1,) if season > 1 else ():  # shorter than a season
        naive = np.where(np.isnan(naive), _naive_error(panel, used, within, lag), naive)
    if np.isnan(mean).any():
        mean = np.where(np.isnan(mean), _middle(mean), mean)
        std = np.where(np.isnan(std), _middle(std), std)
    return Scales(mean, np.where(std > 0, std, 1.0), np.where(naive > 0, naive, np.nan))


def static_scales(panel: Panel, layout: Layout) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and spread, over the series, of what is the same all along each; words stay 0 and 1."""
    mean, std = [], []
    for f, name in enumerate(layout.static_inputs):
        assert panel.static is not None
        known = panel.static[:, f][~np.isnan(panel.static[:, f])]
        plain = "=" in name or len(known) == 0
        mean.append(0.0 if plain else float(known.mean()))
        std.append(1.0 if plain or known.std() == 0 else float(known.std()))
    return tuple(mean), tuple(std)


def _moments(values: Array, used: NDArray[np.bool_], owners: Rows, S: int) -> tuple[Array, Array]:
    known = used[:, None] & ~np.isnan(values)
    count = sums(known.astype(np.float64), owners, S)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums(np.where(known, values, 0.0), owners, S) / count
        away = np.where(known, values - mean[owners], 0.0)  # in two passes, for precision
        std = np.sqrt(sums(away**2, owners, S) / count)
    return mean, np.where(std > 1e-9 * np.abs(mean), std, np.where(count > 0, 0.0, np.nan))


def _naive_error(panel: Panel, used: NDArray[np.bool_], within: Rows, lag: int) -> Array:
    C, S = len(panel.targets), len(panel)
    if lag >= len(panel.values):
        return np.full((S, C), np.nan)
    change = np.abs(panel.values[lag:, :C] - panel.values[:-lag, :C])
    inside = used[lag:] & (within[lag:] >= lag)
    known = inside[:, None] & ~np.isnan(change)
    owners = panel.owners()[lag:]
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums(np.where(known, change, 0.0), owners, S) / sums(known * 1.0, owners, S)


def sums(values: NDArray[np.floating[Any]], owners: Rows, S: int) -> Array:
    """Rows (P, K) added up by their series, (S, K)."""
    return np.stack([np.bincount(owners, column, minlength=S) for column in values.T], axis=1)


def _middle(values: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without any value
        middle = np.nanmedian(values, axis=0)
    return np.where(np.isnan(middle), 0.0, middle)


def fill_forward(values: Array, offsets: Rows, initial: Array) -> Array:
    """Missing values (P, K) replaced by the last known one of the series; before, by (S, K).

    Never by a later one: that would carry the future across a forecast's origin.
    """
    P, K = values.shape
    if not np.isnan(values).any():
        return values
    starts = np.zeros(P, dtype=np.int64)
    starts[offsets[:-1][np.diff(offsets) > 0]] = offsets[:-1][np.diff(offsets) > 0]
    np.maximum.accumulate(starts, out=starts)  # each row's first row of the series
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    filled = np.empty_like(values)
    for k in range(K):
        last = np.where(np.isnan(values[:, k]), -1, np.arange(P))
        np.maximum.accumulate(last, out=last)
        usable = last >= starts
        filled[:, k] = np.where(usable, values[np.maximum(last, 0), k], initial[owners, k])
    return filled
