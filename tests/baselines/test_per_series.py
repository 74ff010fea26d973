"""Exponential smoothing and ARIMA: against statsmodels, against what is known, and stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.baselines.auto_arima import MOST_LAGS, MOST_SEASONAL_LAGS, AutoArima
from seqlab.baselines.auto_ets import AutoEts
from seqlab.baselines.point_forecast import spread_of
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.data.table import Table
from tests.tasks.forecast_data import hourly, many, prepare

pytest.importorskip("statsmodels")


def fitted(name, prepared):
    baseline = registry.load("baselines", name)()
    return baseline.fit(prepared.task, prepared.train, prepared.valid, 0)


def value(prepared, predictions, name="mase"):
    metric = registry.load("metrics", name)()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


def arima(d=0, D=0, mu=0.0, phi=(), theta=()):
    """Coefficients as the baseline keeps them."""
    lags = np.zeros((2, MOST_LAGS + MOST_SEASONAL_LAGS))
    lags[0, : len(phi)], lags[1, : len(theta)] = phi, theta
    return np.concatenate([[d, D, mu], *lags])[None]


@pytest.mark.parametrize(
    ("order", "phi", "theta"),
    [((2, 0, 0), (0.5, 0.3), ()), ((0, 1, 1), (), (-0.4,)), ((1, 1, 1), (0.6,), (0.3,))],
)
def test_arima_forecasts_as_statsmodels(order, phi, theta):
    from statsmodels.tsa.arima.model import ARIMA

    y = np.random.default_rng(0).normal(size=400).cumsum() * (0.1 if order[1] else 0) + (
        np.random.default_rng(1).normal(size=400)
    )
    model = ARIMA(y, order=order, trend="n")
    expected = model.filter([*phi, *theta, 1.0]).forecast(10)
    found = AutoArima.extrapolate(y[None], arima(order[1], 0, 0.0, phi, theta), 1, 10)
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_arima_finds_what_made_a_series():
    rng = np.random.default_rng(0)
    y = np.zeros(600)
    for t in range(2, 600):
        y[t] = 0.6 * y[t - 1] - 0.3 * y[t - 2] + rng.normal()
    d, D, _, *lags = AutoArima.estimate(y, 1)
    assert (d, D) == (0, 0)
    forecast = AutoArima.extrapolate(y[None, :50], np.array([[d, D, 0, *lags]]), 1, 3)[0]
    first = 0.6 * y[49] - 0.3 * y[48]
    second = 0.6 * first - 0.3 * y[49]
    np.testing.assert_allclose(forecast[:2], [first, second], atol=0.25)


def test_arima_takes_trends_and_seasons_away():
    steps = np.arange(300)
    y = 0.5 * steps + 5 * np.sin(2 * np.pi * steps / 12)
    y += 0.01 * np.random.default_rng(0).normal(size=300)
    model = AutoArima.estimate(y[:280], 12)
    assert model[0] + model[1] >= 1
    found = AutoArima.extrapolate(y[None, 200:280], model[None], 12, 20)[0]
    np.testing.assert_allclose(found, y[280:], atol=0.2)


def test_ets_forecasts_as_statsmodels_from_the_same_state():
    """After a long window the first states are forgotten."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    y = 3 + np.random.default_rng(0).normal(size=300).cumsum() * 0.2
    model = ETSModel(y, trend="add", damped_trend=True, initialization_method="heuristic")
    parameters = {"smoothing_level": 0.5, "smoothing_trend": 0.1, "damping_trend": 0.9}
    expected = model.smooth([parameters[name] for name in model.param_names]).forecast(8)
    found = AutoEts.extrapolate(y[None], np.array([[0.5, 0.1, 0.0, 0.9]]), 1, 8)
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_ets_finds_season_and_trend():
    steps = np.arange(240)
    y = 0.1 * steps + 2 * np.sin(2 * np.pi * steps / 12)
    y += 0.05 * np.random.default_rng(0).normal(size=240)
    model = AutoEts.estimate(y[:216], 12)
    assert model[3] > 0  # a trend
    assert model[2] > 0  # a season
    found = AutoEts.extrapolate(y[None, 100:216], model[None], 12, 24)[0]
    np.testing.assert_allclose(found, y[216:], atol=0.3)


def test_a_constant_series_goes_on():
    for cls in (AutoEts, AutoArima):
        model = cls.estimate(np.full(100, 2.0), 7)
        np.testing.assert_allclose(cls.extrapolate(np.full((1, 30), 2.0), model[None], 7, 5), 2)


@pytest.mark.parametrize("name", ["auto-ets", "auto-arima"])
def test_they_beat_the_seasonal_naive_where_there_is_noise(name, tmp_path):
    prepared = prepare(hourly(500, 2), horizon=12, lookback=96, metric="mase")
    naive = fitted("seasonal-naive", prepared).predict(prepared.task, prepared.test)
    baseline = fitted(name, prepared)
    predictions = baseline.predict(prepared.task, prepared.test)
    assert value(prepared, predictions) < 0.9 * value(prepared, naive)
    assert baseline.parameters >= 2
    save_baseline(baseline, tmp_path)
    again = load_baseline(tmp_path).predict(prepared.task, prepared.test)
    np.testing.assert_array_equal(again, predictions)


def test_a_series_that_training_did_not_hold_is_estimated_by_itself():
    prepared = prepare(many(3), horizon=5, lookback=28)
    baseline = fitted("auto-ets", prepared)
    new = many(3).replace({"unique_id": {"s01": "unknown"}})
    known, other = (prepared.task.encode(Table(f, "new.csv")) for f in (many(3), new))
    one, two = (baseline.predict(prepared.task, examples) for examples in (known, other))
    np.testing.assert_allclose(one[[0, 2]], two[[0, 2]])
    assert np.isfinite(two).all()


def test_many_series_are_not_for_those_that_go_one_by_one():
    assert AutoEts.enters(prepare(hourly(500, 2), horizon=12, lookback=48).task)
    long = pd.concat([hourly(60).assign(unique_id=str(s)) for s in range(101)])
    task = prepare(long, horizon=3, lookback=9).task
    assert not AutoEts.enters(task)
    assert AutoEts.wants == "at most 100 series, which it estimates one by one"


@pytest.mark.parametrize("name", registry.names("baselines"))
def test_intervals_of_baselines_hold_about_what_they_promise(name, tmp_path):
    if "forecast" not in registry.card("baselines", name)["tasks"]:
        return
    noise = np.random.default_rng(0).normal(size=900)
    frame = hourly(900).assign(c0=noise)
    prepared = prepare(frame, horizon=6, lookback=48, options={"intervals": 80})
    baseline = fitted(name, prepared)
    predictions = baseline.predict(prepared.task, prepared.test)
    assert predictions.shape == (len(prepared.test), 6, 1, 3)
    assert 0.7 < value(prepared, predictions, "coverage") < 0.9
    save_baseline(baseline, tmp_path)
    again = load_baseline(tmp_path).predict(prepared.task, prepared.test)
    np.testing.assert_array_equal(again, predictions)


def test_the_point_stays_the_middle_of_its_interval():
    away = np.random.default_rng(0).normal(5.0, 1.0, (200, 3, 1))  # always too low
    spread = spread_of(away, (0.1, 0.5, 0.9))
    assert (spread[:, 0] == 0).all()
    assert (spread[:, 1] == 0).all()
    np.testing.assert_allclose(spread[:, 2], 6.28, atol=0.4)
