"""The season of data without dates, and how strong season and trend are, from autocorrelation.

Strengths after Wang, Smith and Hyndman (2006), "Characteristic-based clustering for time series
data": one minus the share of variance that is left when the component is taken away.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.tasks.forecasting.panel import Panel
from seqlab.tasks.forecasting.scaling import fill_forward

Array = NDArray[np.float64]
SAMPLED_SERIES = 60
SAMPLED_CHANNELS = 500  # of each, at most
SAMPLED_STEPS = 3000  # of each, at most
CLEAR_AUTOCORRELATION = 0.3  # below it there is no season
WEAK_STRENGTH = 0.3  # a season of less strength is hardly one
LONGEST_SEASON = 400  # the longest season looked for


def sample(panel: Panel, ends: NDArray[np.int64]) -> list[Array]:
    """Training values (steps, targets) of some series and targets, gaps filled, evenly chosen."""
    chosen = _spread(len(panel), SAMPLED_SERIES)
    channels = _spread(len(panel.targets), SAMPLED_CHANNELS)
    pieces = []
    for s in chosen:
        start, stop = panel.offsets[s], panel.offsets[s] + ends[s]
        values = panel.values[max(start, stop - SAMPLED_STEPS) : stop, channels]
        offsets = np.array([0, len(values)])
        if len(values) >= 8:
            known = ~np.isnan(values)
            initial = np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            pieces.append(fill_forward(values, offsets, initial[None]))
    return pieces


def _spread(count: int, most: int) -> NDArray[np.int64]:
    """Some of the numbers below a count, evenly spread; all of them where they are few."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def find_season(pieces: list[Array]) -> tuple[int, float]:
    """The season with the clearest autocorrelation, and how clear it is; (1, …) for none."""
    curves = [autocorrelation(piece[:, c]) for piece in pieces for c in range(piece.shape[1])]
    curves = [curve for curve in curves if len(curve) > 3]
    if not curves:
        return 1, 0.0
    # Short series end early: each lag averages over the series that reach it.
    table = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(table, curves, strict=True):
        row[: len(curve)] = curve
    enough = (~np.isnan(table)).sum(axis=0) >= 0.5 * len(curves)
    mean = np.nanmean(table[:, : int(enough.sum())], axis=0)
    peaks = 1 + np.flatnonzero((mean[1:-1] > mean[:-2]) & (mean[1:-1] >= mean[2:]))
    if len(peaks) == 0 or mean[peaks].max() < CLEAR_AUTOCORRELATION:
        return 1, float(mean[peaks].max()) if len(peaks) else 0.0
    season = int(peaks[mean[peaks] >= 0.85 * mean[peaks].max()][0])
    return season, float(mean[season])


def autocorrelation(values: Array) -> Array:
    """Autocorrelation of a series without its linear trend, at lags 0, 1, … up to a third of it."""
    steps = np.arange(len(values))
    rest = values - np.polyval(np.polyfit(steps, values, 1), steps)
    power = float((rest**2).mean())
    if power <= 1e-12 * max(1.0, float((values**2).mean())):
        return np.zeros(0)
    spectrum = np.fft.rfft(rest, 2 * len(rest))
    raw = np.fft.irfft(np.abs(spectrum) ** 2)[: min(len(rest) // 3, LONGEST_SEASON) + 1]
    counts = len(rest) - np.arange(len(raw))
    return np.asarray(raw / counts / power)


def strengths(pieces: list[Array], season: int) -> tuple[float, float]:
    """(season's, trend's) strength from 0 to 1, the middle over series and channels."""
    correlations = [
        _strengths(piece[:, c], season)
        for piece in pieces
        for c in range(piece.shape[1])
        if len(piece) >= 3 * season and np.ptp(piece[:, c]) > 0
    ]
    if not correlations:
        return 0.0, 0.0
    middle = np.median(np.array(correlations), axis=0)
    return float(middle[0]), float(middle[1])


def _strengths(values: Array, season: int) -> tuple[float, float]:
    width = max(season, 3)
    trend = np.convolve(np.pad(values, width // 2, mode="edge"), np.ones(width) / width, "valid")
    rest = values - trend[: len(values)]
    phase = np.arange(len(values)) % season
    cycle = (np.bincount(phase, rest) / np.bincount(phase))[phase] if season > 1 else 0.0 * rest
    noise = (rest - cycle).var()
    return (
        max(0.0, 1 - noise / max(rest.var(), 1e-300)),
        max(0.0, 1 - noise / max((values - cycle).var(), 1e-300)),
    )
