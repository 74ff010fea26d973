"""Quantiles of forecasts: asked for in options, never crossing, scored, shown and written."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqlab import registry
from seqlab.batch import Batch
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.network import error
from seqlab.tasks.forecasting.options import read_options
from seqlab.training.fit import fit
from tests.tasks.forecast_data import hourly, many, prepare

SMALL = {"horizon": 6, "lookback": 24, "patch": 6}
EIGHTY = {"options": {"intervals": 80}}


def value(task, name, predictions, examples):
    metric = registry.load("metrics", name)()
    return metric.value(task.statistics(metric, predictions, examples))


@pytest.mark.parametrize(
    ("given", "levels"),
    [
        ({}, ()),
        ({"intervals": 80}, (0.1, 0.5, 0.9)),
        ({"intervals": "80, 95"}, (0.025, 0.1, 0.5, 0.9, 0.975)),
        ({"quantiles": "0.9,0.1"}, (0.1, 0.5, 0.9)),
        ({"quantiles": [0.25], "intervals": [80]}, (0.1, 0.25, 0.5, 0.9)),
    ],
)
def test_levels_are_in_order_with_the_middle(given, levels):
    assert read_options(given).levels == levels


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"quantiles": "0.1,1.5"}, "options.quantiles: 1.5 does not lie between 0 and 1"),
        ({"quantiles": 0}, "options.quantiles: 0 does not lie between 0 and 1"),
        ({"intervals": 100}, "options.intervals: 100 does not lie between 0 and 100"),
        ({"strategy": "recursiv"},
         'unknown options.strategy "recursiv"; did you mean "recursive"?'),
        ({"strategy": "recursive", "intervals": 80},
         "options.strategy = recursive: the quantiles of one patch say nothing of those that follow"
         " on it"),
        ({"quantile": 0.5}, 'unknown setting in options "quantile"; did you mean "quantiles"?'),
    ],
)  # fmt: skip
def test_options_that_make_no_sense(given, message):
    with pytest.raises(UserError) as error:
        Forecast.prepare(Sources(Table(hourly(), "data.csv")), DataSpec(options=given), 0)
    assert error.value.message == message


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        ("crps", {}, "--metric crps: no quantiles are forecast"),
        ("coverage", {"intervals": 80}, "--metric coverage: the widest interval would win"),
    ],
)
def test_metrics_that_make_no_sense(metric, options, message):
    with pytest.raises(UserError) as error:
        prepare(hourly(), metric=metric, options=options)
    assert error.value.message == message


@pytest.mark.parametrize("channels", ["independent", "joint"])
@pytest.mark.parametrize("strategy", ["direct", "encoder-decoder"])
def test_quantiles_never_cross(strategy, channels):
    options = {"strategy": strategy, "intervals": "50,80"}
    prepared = prepare(hourly(400, 2), **SMALL, options=options, channels=channels)
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8), 0)
    predictions = predict_all(prepared.task, model, prepared.test)
    assert predictions.shape == (len(prepared.test), 6, 2, 5)
    assert (np.diff(predictions, axis=-1) >= 0).all()
    assert prepared.task.metrics[0] == "crps"


def test_the_loss_is_twice_the_pinball_loss_in_naive_errors():
    prepared = prepare(many(3), horizon=5, lookback=14, patch=7, **EIGHTY)
    task = prepared.task
    model = build_model(task, ModelSpec(mixer="gru", width=8, dropout=0.0), 0).eval()
    some = prepared.train.take(np.arange(30))
    (batch,) = task.batches(some, 64, 10**9, None)
    expected = 2 * value(task, "pinball", task.predict(model, batch), some)
    np.testing.assert_allclose(float(task.loss(model, batch).value.detach()), expected, rtol=1e-4)


def test_the_pinball_loss_is_least_at_the_quantile():
    targets = torch.randn(4000, 1, 1, generator=torch.Generator().manual_seed(0))

    batch = Batch(targets, targets)
    candidates = torch.linspace(-2.5, 2.5, 101)
    for level, quantile in ((0.1, -1.2816), (0.9, 1.2816)):
        losses = [error(q.expand(4000, 1, 1, 1), batch, "crps", (level,))[0] for q in candidates]
        assert abs(float(candidates[int(torch.stack(losses).argmin())]) - quantile) < 0.1


def test_a_model_learns_how_wide_the_noise_is():
    frame = hourly(1200)
    frame["c0"] = np.random.default_rng(1).normal(size=1200)
    prepared = prepare(frame, **SMALL, calendar=False, **EIGHTY)
    model = build_model(prepared.task, ModelSpec(mixer="rnn", width=8, dropout=0.0), 0)
    spec = TrainSpec(learning_rate=1e-2, steps=150, batch_size=64, patience=None, evaluations=2)
    fit(model, TaskObjective(prepared, prepared.train, spec), spec)
    predictions = predict_all(prepared.task, model, prepared.test)
    assert 0.72 < value(prepared.task, "coverage", predictions, prepared.test) < 0.88
    assert 2.0 < np.median(predictions[..., 2] - predictions[..., 0]) < 3.1  # 2 · 1.28


def test_point_metrics_read_the_middle():
    prepared = prepare(hourly(400), **SMALL, **EIGHTY)
    truth = prepared.task.truth(prepared.test)
    predictions = np.stack([truth - 9, truth + 1, truth + 9], axis=-1)
    assert value(prepared.task, "rmse", predictions, prepared.test) == pytest.approx(1)
    assert value(prepared.task, "coverage", predictions, prepared.test) == 1


def test_exhibits_hold_the_interval_and_its_coverage():
    prepared = prepare(hourly(400), **SMALL, **EIGHTY)
    truth = prepared.task.truth(prepared.test)
    predictions = np.stack([truth - 2, truth, truth + 3], axis=-1)
    predictions[:, 5] += 10
    shown = {e.title: e for e in prepared.task.exhibits(predictions, prepared.test)}
    assert shown["Coverage by step ahead"].data["y"] == [1, 1, 1, 1, 1, 0]
    assert shown["Coverage by step ahead"].note.endswith("80%")
    drawn = shown["Forecasts"].data["items"][0]["predicted"]
    np.testing.assert_allclose(np.subtract(drawn["high"], drawn["low"]), 5)
    assert (np.array(drawn["low"]) <= drawn["y"]).all()


def test_predictions_are_written_with_their_quantiles():
    task = prepare(hourly(400), **SMALL, **EIGHTY).task
    examples = task.encode(Table(hourly(400), "new.csv"))
    model = build_model(task, ModelSpec(mixer="gru", width=8), 0)
    table = task.present(predict_all(task, model, examples), examples)
    assert list(table.columns) == ["unique_id", "ds", "c0", "c0_q10", "c0_q90"]
    assert (table["c0_q10"] <= table["c0"]).all()
    assert (table["c0"] <= table["c0_q90"]).all()
