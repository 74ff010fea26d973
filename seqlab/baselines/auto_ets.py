"""Exponential smoothing of each series, its form chosen by the corrected Akaike criterion.

    ŷ_t = l + φ b + s_{t−m}            e_t = y_t − ŷ_t
    l ← l + φ b + α e_t                b ← φ b + β e_t                s_t = s_{t−m} + γ e_t

with additive errors; trend none, additive or damped; season none or additive. Hyndman et al.
(2002), "A state space framework for automatic forecasting using exponential smoothing methods".

statsmodels estimates α, β, γ and φ from the training part; a forecast starts from the means of its
look-back and runs through it, so that new series are forecast as those trained on.
"""

from __future__ import annotations

import warnings

import numpy as np

from seqlab.baselines.per_series import PerSeries
from seqlab.baselines.point_forecast import Array
from seqlab.registry import registered

CARD = {
    "title": "exponential smoothing",
    "tasks": ["forecast"],
    "needs": "statsmodels",
    "extra": "statistics",
}

FEWEST_STEPS = 10  # from which statsmodels finds a first state
REPEAT_LAST = np.array([1.0, 0.0, 0.0, 0.0])  # α = 1: the forecast is the last value
TREND_FORMS = ((None, False), ("add", False), ("add", True))  # trend, damped


@registered
class AutoEts(PerSeries):
    """Coefficients are α, β, γ, φ; φ = 0: no trend."""

    @staticmethod
    def estimate(values: Array, season: int) -> Array:
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        if len(values) < max(FEWEST_STEPS, 2 * season) or np.ptp(values) == 0:
            return REPEAT_LAST
        best, parameters = np.inf, REPEAT_LAST
        for seasonal in (None, "add") if season > 1 else (None,):
            for trend, damped in TREND_FORMS:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of forms that do not converge
                    model = ETSModel(
                        values,
                        trend=trend,
                        damped_trend=damped,
                        seasonal=seasonal,
                        seasonal_periods=season if seasonal else None,
                        initialization_method="heuristic",
                    )
                    fit = model.fit(disp=False)
                if fit.aicc < best:
                    best, parameters = (
                        fit.aicc,
                        _coefficients(dict(zip(fit.param_names, fit.params, strict=True)), trend),
                    )
        return parameters

    @staticmethod
    def extrapolate(windows: Array, coefficients: Array, season: int, horizon: int) -> Array:
        alpha, beta, gamma, phi = coefficients.T
        level, slope, cycle = _begin(windows, season, (phi > 0) * 1.0, (gamma > 0) * 1.0)
        for t in range(windows.shape[1]):
            expected = level + phi * slope
            away = windows[:, t] - expected - cycle[:, t % season]
            level = expected + alpha * away
            slope = phi * slope + beta * away
            cycle[:, t % season] += gamma * away
        steps = windows.shape[1] + np.arange(horizon)
        damping = phi[:, None] ** np.arange(1, horizon + 1)
        growth = slope[:, None] * damping.cumsum(axis=1)
        return np.asarray(level[:, None] + growth + cycle[:, steps % season])


def _coefficients(fitted: dict[str, float], trend: str | None) -> Array:
    phi = fitted.get("damping_trend", 1.0) if trend else 0.0
    names = ("smoothing_level", "smoothing_trend", "smoothing_seasonal")
    return np.array([*(float(fitted.get(name, 0.0)) for name in names), phi])


def _begin(
    windows: Array, season: int, with_trend: Array, with_season: Array
) -> tuple[Array, Array, Array]:
    """The first states: the first season's level, the mean growth over the window, and each
    season's mean distance from its middle.
    """
    n, L = windows.shape
    whole = max(1, L // season)
    table = windows[:, : whole * season].reshape(n, whole, -1)
    middles = table.mean(axis=2)  # (n, seasons)
    growth = (middles[:, -1] - middles[:, 0]) / max(1, (whole - 1) * season)
    slope = with_trend * growth
    within = (np.arange(season) - (season - 1) / 2) * growth[:, None]
    cycle = (table - middles[:, :, None]).mean(axis=1) - within
    cycle = cycle * with_season[:, None] if season > 1 else np.zeros((n, 1))
    return middles[:, 0] - slope * (season + 1) / 2, slope, cycle
