"""Linear maps from look-back to horizon by ridge regression in closed form.

All that a ridge needs of the windows is X'X and X'Y, gathered once; what is linear in a window –
taking its last value away, dividing it into trend and remainder – is then done on these alone,
and every fit comes out as one map of the plain window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqlab import registry
from seqlab.baselines.base import State
from seqlab.baselines.point_forecast import PointForecast
from seqlab.data.examples import Examples
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.examples import future, past, scale

Array = NDArray[np.float64]
PENALTIES = (1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)  # of the mean square of an input
NORMS = ("none", "last")  # take nothing away, or the last value (NLinear; Zeng et al., 2023)
GATHERED_AT_ONCE = 512  # windows
COMPLETE_SHARE = 0.5  # share of windows without a missing target from which the others are left out


@dataclass(frozen=True)
class Products:
    """gram (L + 1, L + 1) and cross (L + 1, H): X'X and X'Y per window, X with a column of ones."""

    gram: Array
    cross: Array


class Ridge(PointForecast):
    """One map for all channels, in standardised values; the validation part chooses the strength
    of the ridge and whether the last value is taken away first.

    Targets with a gap are left out of the fit, or filled forward where most have one.
    """

    def __init__(self, weights: Array | None = None, chosen: dict[str, Any] | None = None) -> None:
        self.weights = np.zeros((0, 0)) if weights is None else weights  # (L + 1, H)
        self.chosen = chosen or {}

    def features(self, lookback: int) -> Array:
        """How a window becomes what the ridge weighs, (L, features)."""
        return np.eye(lookback)

    def learn(self, task: Forecast, train: Examples, valid: Examples) -> Self:
        """Solve for every setting, keep the one that validates best in the primary metric."""
        products, filled = gather(task, train)
        metric = registry.load("metrics", task.metrics[0])()
        sign = 1 if metric.higher_is_better else -1
        best, best_fit = -np.inf, self
        for norm in NORMS:
            for strength in PENALTIES:
                weights = solve(products, self.features(len(products.gram) - 1), norm, strength)
                fitted = type(self)(
                    weights, {"norm": norm, "strength": strength, "filled_targets": filled}
                )
                statistics = task.statistics(metric, fitted.points(task, valid), valid)
                score = sign * metric.value(statistics)
                if best_fit is self or score > best:
                    best, best_fit = score, fitted
        return best_fit

    def points(self, task: Forecast, examples: Examples) -> Array:
        C, L = task.fitted.channels, task.fitted.geometry.lookback
        predicted = np.empty((len(examples), task.fitted.geometry.horizon, C))
        for rows in _chunks(len(examples)):
            x = past("inputs", examples, L, rows)[:, :, :C]
            predicted[rows] = np.einsum("blc,lh->bhc", x, self.weights[:-1], optimize=True)
        predicted += self.weights[-1][:, None]
        return np.asarray(predicted * scale("std", examples, C) + scale("mean", examples, C))

    @property
    def parameters(self) -> int:
        """One for each step read and forecast, and the intercepts."""
        return int(self.weights.size) + super().parameters

    def learned(self) -> State:
        return self.chosen, {"weights": self.weights}

    @classmethod
    def restored(cls, values: dict[str, Any], arrays: dict[str, NDArray[np.generic]]) -> Self:
        return cls(np.asarray(arrays["weights"], dtype=np.float64), values)


def gather(task: Forecast, examples: Examples) -> tuple[Products, bool]:
    """X'X and X'Y of all channels of all windows; whether gaps in the targets had to be filled."""
    geometry, C = task.fitted.geometry, task.fitted.channels
    L, H = geometry.lookback, geometry.horizon
    complete = "known" not in examples.shared
    filled = not complete and _complete_share(task, examples) < COMPLETE_SHARE
    gram, cross, count = np.zeros((L + 1, L + 1)), np.zeros((L + 1, H)), 0
    for rows in _chunks(len(examples)):
        x = past("inputs", examples, L, rows)[:, :, :C].transpose(0, 2, 1).reshape(-1, L)
        y = future("inputs", examples, H, rows)[:, :, :C].transpose(0, 2, 1).reshape(-1, H)
        if not complete and not filled:
            known = future("known", examples, H, rows)[:, :, :C].all(axis=1).ravel()
            x, y = x[known], y[known]
        x = np.concatenate([x, np.ones((len(x), 1))], axis=1).astype(np.float64)
        gram += x.T @ x
        cross += x.T @ y
        count += len(x)
    return Products(gram / max(count, 1), cross / max(count, 1)), filled


def _complete_share(task: Forecast, examples: Examples) -> float:
    H, C = task.fitted.geometry.horizon, task.fitted.channels
    shares = [
        future("known", examples, H, rows)[:, :, :C].all(axis=1).mean()
        for rows in _chunks(len(examples))
    ]
    return float(np.mean(shares))


def solve(products: Products, features: Array, norm: str, strength: float) -> Array:
    """The map of plain windows, (L + 1, H), that minimises squared error plus ridge.

    With the window's features F and, for `norm="last"`, the taking away N of the last value,
    (x N F) W + b approximates y (less the last value), so x is mapped by N F W.
    """
    L, H = len(features), products.cross.shape[1]
    away, back = np.eye(L), np.zeros((L, H))
    if norm == "last":
        away[-1] -= 1.0
        back[-1] = 1.0
    inner = np.zeros((L + 1, features.shape[1] + 1))
    inner[:L, :-1], inner[L, -1] = away @ features, 1.0
    gram = inner.T @ products.gram @ inner
    returned = np.concatenate([back, np.zeros((1, H))])
    cross = inner.T @ (products.cross - products.gram @ returned)
    square = max(float(np.diag(products.gram)[:-1].mean()), 1e-6)  # 0 if training is constant
    penalty = np.full(len(gram), strength * square)
    penalty[-1] = 1e-12  # the intercept is free
    return np.asarray(inner @ np.linalg.solve(gram + np.diag(penalty), cross) + returned)


def _chunks(count: int) -> list[NDArray[np.int64]]:
    return [
        np.arange(start, min(start + GATHERED_AT_ONCE, count))
        for start in range(0, count, GATHERED_AT_ONCE)
    ]
