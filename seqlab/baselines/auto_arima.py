"""A seasonal autoregressive moving average of each series, its orders chosen step by step.

    w_t = (1 − B)^d (1 − B^m)^D y_t − μ
    w_t = Σ_i φ_i w_{t−i} + e_t + Σ_j θ_j e_{t−j}           i, j among 1 … 5, m, 2m

The search is that of Hyndman and Khandakar (2008), "Automatic time series forecasting: the
forecast package for R": D from the strength of the season, d from KPSS tests, then steps from a
few orders to their neighbours while the corrected Akaike criterion falls. It departs from it in
two ways: seasonal lags are added to the others instead of multiplied with them, and coefficients
come from Hannan and Rissanen's regressions (statsmodels), which take milliseconds where maximum
likelihood takes minutes.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

from seqlab.baselines.per_series import PerSeries
from seqlab.baselines.point_forecast import Array
from seqlab.registry import registered
from seqlab.tasks.forecasting.seasonality import strengths

CARD = {
    "title": "seasonal ARIMA",
    "tasks": ["forecast"],
    "needs": "statsmodels",
    "extra": "statistics",
}

MOST_LAGS, MOST_SEASONAL_LAGS = 5, 2  # the most of each kind
SEASONAL_STRENGTH = 0.64  # from which a season is taken away by differences
FIRST_ORDERS = ((2, 2, 1, 1), (0, 0, 0, 0), (1, 0, 1, 0), (0, 1, 0, 1))


class ArimaOrders(NamedTuple):
    """Lags of w and of e, and seasonal lags of both."""

    p: int
    q: int
    P: int
    Q: int

    def neighbours(self) -> list[ArimaOrders]:
        """One or two orders one step away."""
        moves = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        plain = [self._replace(p=self.p + a, q=self.q + b) for a, b in moves]
        seasonal = [self._replace(P=self.P + a, Q=self.Q + b) for a, b in moves]
        return [o for o in (*plain, *seasonal) if o != self and o.allowed()]

    def allowed(self) -> bool:
        """Whether all lie within the most that are tried."""
        return (
            0 <= self.p <= MOST_LAGS >= self.q >= 0
            and 0 <= self.P <= MOST_SEASONAL_LAGS >= self.Q >= 0
        )


@registered
class AutoArima(PerSeries):
    """Coefficients are d, D, μ, then φ and θ at lags 1 … 5, m, 2m each."""

    @staticmethod
    def estimate(values: Array, season: int) -> Array:
        seasonal = season > 1 and len(values) >= 3 * season and np.ptp(values) > 0
        D = int(seasonal and strengths([values[:, None]], season)[0] > SEASONAL_STRENGTH)
        w = values[season:] - values[:-season] if D else values
        d = 0
        while d < 2 and len(w) > 20 and not _stationary(w):
            w, d = np.diff(w), d + 1
        mu = float(w.mean()) if d + D < 2 else 0.0
        lags = _search(w - mu, season if season > MOST_LAGS else 1)
        return np.concatenate([[d, D, mu], *lags])

    @staticmethod
    def extrapolate(windows: Array, coefficients: Array, season: int, horizon: int) -> Array:
        forecasts = np.empty((len(windows), horizon))
        models, which = np.unique(coefficients, axis=0, return_inverse=True)
        for number, model in enumerate(models):
            rows = np.flatnonzero(which == number)
            forecasts[rows] = _forecast(windows[rows], model, season, horizon)
        return forecasts


def _stationary(values: Array) -> bool:
    from statsmodels.tsa.stattools import kpss

    if np.ptp(values) == 0:
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # p-values beyond its table
        return bool(kpss(values, nlags="auto")[1] >= 0.05)


def _search(w: Array, season: int) -> tuple[Array, Array]:
    """φ and θ of the orders with the least criterion, each (LAGS + SEASONAL,)."""
    tried: dict[ArimaOrders, tuple[float, Array, Array]] = {}

    def criterion(orders: ArimaOrders) -> float:
        if orders not in tried:
            tried[orders] = _regress(w, orders, season)
        return tried[orders][0]

    starts = [ArimaOrders(*start) for start in FIRST_ORDERS]
    if season == 1:
        starts = [start._replace(P=0, Q=0) for start in starts]
    best = min(starts, key=criterion)
    while True:
        near = [o for o in best.neighbours() if season > 1 or not (o.P or o.Q)]
        nearest = min(near, key=criterion)
        if not criterion(nearest) < criterion(best):
            return tried[best][1:]
        best = nearest


def _regress(w: Array, orders: ArimaOrders, season: int) -> tuple[float, Array, Array]:
    """The criterion, φ and θ of some orders; infinite where they are not stationary."""
    from statsmodels.tsa.arima.estimators.hannan_rissanen import hannan_rissanen

    width = MOST_LAGS + MOST_SEASONAL_LAGS
    phi, theta = np.zeros(width), np.zeros(width)
    ar, ma = _places(orders.p, orders.P), _places(orders.q, orders.Q)
    count = len(ar) + len(ma)
    shocks = w
    if count:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of regressions that are nearly singular
                fit, _ = hannan_rissanen(
                    w, ar_order=_mask(ar, season), ma_order=_mask(ma, season), demean=False
                )
        except (ValueError, np.linalg.LinAlgError):
            return np.inf, phi, theta
        phi[ar], theta[ma] = fit.ar_params, fit.ma_params
        polynomials = _polynomials(phi, theta, season)
        if not all(_settles(polynomial) for polynomial in polynomials):
            return np.inf, phi, theta
        shocks = np.asarray(lfilter(*polynomials, w))
    variance = float((shocks[len(w) // 10 :] ** 2).mean())  # once the first states are forgotten
    n, k = len(w), count + 1
    if n <= k + 1 or variance <= 0:
        return (np.inf if count else -np.inf), phi, theta
    return n * np.log(variance) + 2 * k + 2 * k * (k + 1) / (n - k - 1), phi, theta


def _places(plain: int, seasonal: int) -> np.ndarray:
    return np.array([*range(plain), *range(MOST_LAGS, MOST_LAGS + seasonal)], dtype=np.int64)


def _mask(places: np.ndarray, season: int) -> list[int] | int:
    """Which lags are used, from 1 on, as statsmodels reads it."""
    lags = _lags(places, season)
    return [int(lag in lags) for lag in range(1, lags.max() + 1)] if len(lags) else 0


def _lags(places: np.ndarray, season: int) -> np.ndarray:
    """The lag of each place among the coefficients."""
    return np.array(
        [*range(1, MOST_LAGS + 1), *(season * (k + 1) for k in range(MOST_SEASONAL_LAGS))]
    )[places]


def _polynomials(phi: Array, theta: Array, season: int) -> tuple[Array, Array]:
    """1 − Σ φ_i B^i and 1 + Σ θ_j B^j."""
    lags = _lags(np.arange(MOST_LAGS + MOST_SEASONAL_LAGS), season)
    ar, ma = np.zeros(lags.max() + 1), np.zeros(lags.max() + 1)
    np.add.at(ar, lags, -phi)
    np.add.at(ma, lags, theta)
    ar[0] = ma[0] = 1.0
    return ar, ma


def _settles(polynomial: Array) -> bool:
    """Whether all roots lie outside the unit circle, so that shocks die away."""
    impulse = np.zeros(20 * len(polynomial))
    impulse[0] = 1.0
    response = np.abs(lfilter([1.0], polynomial, impulse))
    return bool(np.isfinite(response).all() and response[-len(polynomial) :].max() < 0.1)


def _forecast(windows: Array, model: Array, season: int, horizon: int) -> Array:
    """(n, L) → (n, horizon) of one model."""
    d, D, mu = int(model[0]), int(model[1]), model[2]
    phi, theta = np.split(model[3:], 2)
    ar, ma = _polynomials(phi, theta, season if season > MOST_LAGS else 1)
    levels = [windows]  # before each difference
    for lag in [season] * D + [1] * d:
        levels.append(levels[-1][:, lag:] - levels[-1][:, :-lag])
    w = levels[-1] - mu
    shocks = np.asarray(lfilter(ar, ma, w, axis=1))
    reach = min(len(ar) - 1, w.shape[1])
    w = np.concatenate([w[:, w.shape[1] - reach :], np.zeros((len(w), horizon))], axis=1)
    e = np.concatenate([shocks[:, shocks.shape[1] - reach :], np.zeros((len(w), horizon))], axis=1)
    back = np.arange(1, reach + 1)
    for t in range(reach, reach + horizon):
        w[:, t] = e[:, t - back] @ ma[back] - w[:, t - back] @ ar[back]
    ahead = w[:, reach:] + mu
    for lag, level in zip(reversed([season] * D + [1] * d), reversed(levels[:-1]), strict=True):
        whole = np.concatenate([level[:, level.shape[1] - lag :], ahead], axis=1)
        for t in range(lag, lag + horizon):
            whole[:, t] += whole[:, t - lag]
        ahead = whole[:, lag:]
    return np.asarray(ahead)
