"""Forecasts as what a naive one leaves: a model that adds nothing is that naive one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqlab import registry
from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.forecast import Forecast
from tests.tasks.forecast_data import hourly, many, prepare


@pytest.mark.parametrize("strategy", ["direct", "recursive", "encoder-decoder"])
@pytest.mark.parametrize("name", ["last-value", "seasonal-naive"])
def test_a_model_that_adds_nothing_is_the_naive_forecast(name, strategy, tmp_path):
    options = {"residual": name, "strategy": strategy}
    prepared = prepare(hourly(400, 2), horizon=30, lookback=48, patch=6, season=24, options=options)
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8), 0)
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.zero_()
    forecasts = predict_all(prepared.task, model, prepared.test)
    baseline = registry.load("baselines", name)().fit(
        prepared.task, prepared.train, prepared.valid, 0
    )
    expected = baseline.predict(prepared.task, prepared.test)
    np.testing.assert_allclose(forecasts, expected, rtol=1e-4)
    prepared.task.save(tmp_path)
    again = predict_all(Forecast.load(tmp_path), model, prepared.test)
    np.testing.assert_array_equal(again, forecasts)


def test_quantiles_stand_around_the_naive_forecast():
    options = {"residual": "seasonal-naive", "intervals": 80}
    prepared = prepare(many(), horizon=7, lookback=28, season=7, options=options)
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8), 0)
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.zero_()
    forecasts = predict_all(prepared.task, model, prepared.test)
    assert forecasts.shape[-1] == 3
    np.testing.assert_array_equal(forecasts[..., 0], forecasts[..., 2])


def test_a_season_must_fit_into_the_look_back():
    with pytest.raises(UserError) as error:
        prepare(
            hourly(400), lookback=12, season=24, horizon=4, options={"residual": "seasonal-naive"}
        )
    assert error.value.message == (
        "options.residual = seasonal-naive: the look-back of 12 steps is shorter than the season"
        " of 24"
    )


def test_only_these_forecasts_leave_a_residual():
    with pytest.raises(UserError, match=r"options.residual = 'mean'"):
        prepare(hourly(400), options={"residual": "mean"})
