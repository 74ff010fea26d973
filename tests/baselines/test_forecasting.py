"""The baselines of forecasting: by hand, against scikit-learn, and stored without loss."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge as Reference

from seqlab import registry
from seqlab.baselines.dlinear import Dlinear, moving_average
from seqlab.baselines.ridge import Products, gather, solve
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.data.table import Table
from seqlab.tasks.forecasting.examples import future, past
from tests.tasks.forecast_data import hourly, many, prepare

NAMES = ("last-value", "seasonal-naive", "linear", "dlinear")


def fitted(name, prepared):
    baseline = registry.load("baselines", name)()
    return baseline.fit(prepared.task, prepared.train, prepared.valid, 0)


def score(prepared, predictions, name="mse"):
    metric = registry.load("metrics", name)()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


def test_last_value_and_seasonal_naive_by_hand():
    values = np.arange(200.0)
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=200), "y": values})
    prepared = prepare(frame, horizon=10, lookback=14, season=7)
    origin = int(prepared.test.arrays["origin"][0])
    last = fitted("last-value", prepared).predict(prepared.task, prepared.test)
    np.testing.assert_allclose(last[0, :, 0], origin - 1)
    seasonal = fitted("seasonal-naive", prepared).predict(prepared.task, prepared.test)
    expected = origin - 7 + np.arange(10) % 7
    np.testing.assert_allclose(seasonal[0, :, 0], expected)


def test_a_missing_season_is_taken_from_the_one_before():
    values = np.arange(200.0)
    values[150:155] = np.nan
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=200), "y": values})
    prepared = prepare(frame, horizon=7, lookback=14, season=7, split="140/10/50")
    row = int(np.flatnonzero(prepared.test.arrays["origin"] == 157)[0])
    seasonal = fitted("seasonal-naive", prepared).predict(prepared.task, prepared.test)
    np.testing.assert_allclose(seasonal[row, :, 0], [143, 144, 145, 146, 147, 155, 156])
    last = fitted("last-value", prepared).predict(prepared.task, prepared.test)
    gap = int(np.flatnonzero(prepared.test.arrays["origin"] == 154)[0])
    np.testing.assert_allclose(last[gap, :, 0], 149)


def test_a_season_may_lie_before_the_look_back():
    prepared = prepare(hourly(600), horizon=12, lookback=6, season=24)
    seasonal = fitted("seasonal-naive", prepared).predict(prepared.task, prepared.test)
    origin = int(prepared.test.arrays["origin"][5])
    truth = hourly(600)["c0"].to_numpy()
    np.testing.assert_allclose(seasonal[5, :, 0], truth[origin - 24 : origin - 12])


@pytest.mark.parametrize("norm", ["none", "last"])
def test_the_closed_form_is_that_of_scikit_learn(norm):
    prepared = prepare(hourly(600, 2), horizon=6, lookback=24)
    task, train = prepared.task, prepared.train
    products, filled = gather(task, train)
    assert not filled
    strength = 0.1
    weights = solve(products, np.eye(24), norm, strength)
    x = past("inputs", train, 24).transpose(0, 2, 1).reshape(-1, 24).astype(np.float64)
    truth = future("targets", train, 6)
    standard = (truth - task.fitted.scales.mean[0]) / task.fitted.scales.std[0]
    y = standard.transpose(0, 2, 1).reshape(-1, 6)
    base = x[:, -1:] if norm == "last" else 0.0
    alpha = strength * len(x) * (x**2).mean()
    reference = Reference(alpha=alpha).fit(x - base, y - base)
    np.testing.assert_allclose(
        x @ weights[:-1] + weights[-1], reference.predict(x - base) + base, atol=1e-4
    )


def test_the_trend_is_a_moving_average_with_filled_ends():
    x = np.random.default_rng(0).normal(size=60)
    padded = np.concatenate([np.full(12, x[0]), x, np.full(12, x[-1])])
    expected = np.convolve(padded, np.ones(25) / 25, "valid")
    np.testing.assert_allclose(x @ moving_average(60), expected)
    parts = x @ Dlinear().features(60)
    np.testing.assert_allclose(parts[:60] + parts[60:], x)


@pytest.mark.parametrize("name", ["linear", "dlinear"])
def test_linear_maps_find_what_is_linear(name):
    """A sum of two waves satisfies a linear recurrence exactly."""
    steps = np.arange(800)
    wave = np.sin(2 * np.pi * steps / 24) + np.cos(2 * np.pi * steps / 17) + 3
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=800, freq="h"), "y": wave})
    prepared = prepare(frame, horizon=12, lookback=48)
    baseline = fitted(name, prepared)
    assert score(prepared, baseline.predict(prepared.task, prepared.test)) < 1e-3
    assert baseline.parameters == 49 * 12


def test_the_validation_part_chooses():
    """On a level that training never saw, the last value must be taken away first."""
    frame = hourly(900).assign(c0=np.random.default_rng(0).normal(size=900))
    settled = fitted("linear", prepare(frame, horizon=12, lookback=48))
    frame.loc[600:, "c0"] += 30
    moved = fitted("linear", prepare(frame, horizon=12, lookback=48))
    assert settled.chosen["norm"] == "none"
    assert moved.chosen["norm"] == "last"


def test_targets_with_gaps_are_left_out_of_the_fit():
    frame = hourly(900)
    frame.loc[300:330, "c0"] = np.nan
    prepared = prepare(frame, horizon=12, lookback=48)
    baseline = fitted("linear", prepared)
    assert baseline.chosen["filled_targets"] is False
    assert score(prepared, baseline.predict(prepared.task, prepared.test)) < 0.1
    frame.loc[::10, "c0"] = np.nan
    sparse = fitted("linear", prepare(frame, horizon=12, lookback=48))
    assert sparse.chosen["filled_targets"] is True


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [hourly(600, 3), many(4)], ids=["channels", "series"])
def test_every_baseline_predicts_is_stored_and_serves_new_data(name, data, tmp_path):
    prepared = prepare(data, horizon=6, lookback=21)
    task = prepared.task
    baseline = fitted(name, prepared)
    predictions = baseline.predict(task, prepared.test)
    assert predictions.shape == (len(prepared.test), 6, task.fitted.channels)
    assert np.isfinite(predictions).all()
    save_baseline(baseline, tmp_path)
    again = load_baseline(tmp_path)
    np.testing.assert_array_equal(again.predict(task, prepared.test), predictions)
    assert again.parameters == baseline.parameters
    new = task.encode(Table(data, "new.csv"))
    assert np.isfinite(task.present(again.predict(task, new), new).iloc[:, 2:]).all(axis=None)


def test_a_training_part_without_movement_gives_its_constant():
    gram, cross = np.zeros((6, 6)), np.zeros((6, 3))
    gram[5, 5], cross[5] = 1.0, 2.0
    for norm in ("none", "last"):
        weights = solve(Products(gram, cross), np.eye(5), norm, 0.1)
        np.testing.assert_allclose(np.array([0, 0, 0, 0, 0, 1]) @ weights, 2.0)


def test_linear_beats_the_naive_forecasts_on_waves_with_a_trend():
    prepared = prepare(hourly(900), horizon=12, lookback=48)
    values = {
        name: score(prepared, fitted(name, prepared).predict(prepared.task, prepared.test))
        for name in NAMES
    }
    assert values["linear"] < values["seasonal-naive"] < values["last-value"]
