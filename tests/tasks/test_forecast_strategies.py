"""Recursive forecasts roll forward what they forecast; a decoder answers all patches at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.forecast import Forecast
from tests.tasks.forecast_data import hourly, prepare

RECURSIVE = {"options": {"strategy": "recursive"}}
DECODED = {"options": {"strategy": "encoder-decoder"}}


class CountingOn(torch.nn.Module):
    """The next patch is the last one plus one, on the scale that it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.read = []

    def forward(self, values, context):
        self.read.append(values)
        return values[:, -1, :2] + 1


def test_a_recursive_forecast_is_that_of_rolling_by_hand():
    prepared = prepare(
        hourly(300), horizon=5, lookback=8, patch=2, calendar=False, revin=False, **RECURSIVE
    )
    model = CountingOn()
    only = np.flatnonzero(prepared.test.arrays["origin"] == 250)
    (batch,) = prepared.task.batches(prepared.test.take(only), 1, 10**9, None)
    forecast = prepared.task.predict(model, batch)[0, :, 0]
    mean, std = (getattr(prepared.task.fitted.scales, name)[0, 0] for name in ("mean", "std"))
    a, b = hourly(300)["c0"].to_numpy()[248:250]
    expected = [a + std, b + std, a + 2 * std, b + 2 * std, a + 3 * std]
    np.testing.assert_allclose(forecast, expected, rtol=1e-5)
    assert len(model.read) == 3
    last = model.read[2].reshape(-1) * std + mean
    np.testing.assert_allclose(last[-2:], [a + 2 * std, b + 2 * std], rtol=1e-4)


def test_a_recursive_forecast_reads_no_future():
    frame, changed = hourly(300, 2), hourly(300, 2)
    changed.loc[250:, ["c0", "c1"]] = 1e6
    forecasts = []
    for data in (frame, changed):
        data.loc[240, "c0"] = np.nan
        prepared = prepare(data, horizon=6, lookback=24, patch=2, split="200/50/50", **RECURSIVE)
        model = build_model(prepared.task, ModelSpec(mixer="gru", width=8), 0)
        only = np.flatnonzero(prepared.test.arrays["origin"] == 250)
        forecasts.append(predict_all(prepared.task, model, prepared.test.take(only)))
    np.testing.assert_array_equal(*forecasts)


def test_recursive_training_is_one_patch_ahead():
    prepared = prepare(hourly(300), horizon=8, lookback=24, patch=2, **RECURSIVE)
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8), 0)
    batch = next(prepared.task.batches(prepared.train, 16, 10**9, None))
    assert prepared.task.loss(model, batch).weight == 16 * 2
    assert model.head.out_features == 2


def test_recursive_patches_leave_something_to_roll():
    assert prepare(hourly(900), **RECURSIVE).card["patch"] == 6  # of a horizon of 24
    assert prepare(hourly(900)).card["patch"] == 24


def test_later_patches_read_the_calendar_of_their_own_time():
    prepared = prepare(hourly(900), horizon=12, lookback=24, patch=6, **RECURSIVE)
    C = 2 * len(prepared.task.fitted.cycles)
    batch = next(prepared.task.batches(prepared.test, 4, 10**9, None))
    later = next(prepared.task.batches(prepared.test.take(np.arange(6, 10)), 4, 10**9, None))
    np.testing.assert_allclose(
        batch.extra["calendar"][:, 1:5], later.extra["calendar"][:, :4], atol=1e-6
    )
    assert batch.extra["calendar"].shape == (4, 4 + 2, C)


@pytest.mark.parametrize("mixer", ["lstm", "attention", "minlstm"])
def test_a_decoder_answers_every_patch(mixer, tmp_path):
    prepared = prepare(hourly(400, 2), horizon=7, lookback=24, patch=3, **DECODED)
    model = build_model(prepared.task, ModelSpec(mixer=mixer, width=8), 0)
    predictions = predict_all(prepared.task, model, prepared.test)
    assert predictions.shape == (len(prepared.test), 7, 2)
    batch = next(prepared.task.batches(prepared.train, 16, 10**9, None))
    prepared.task.loss(model, batch).value.backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    prepared.task.save(tmp_path)
    again = build_model(Forecast.load(tmp_path), ModelSpec(mixer=mixer, width=8), 0)
    np.testing.assert_array_equal(predict_all(prepared.task, again, prepared.test), predictions)


def test_a_decoder_needs_a_mixer_that_streams():
    prepared = prepare(hourly(400), horizon=6, lookback=24, patch=3, **DECODED)
    with pytest.raises(UserError) as error:
        build_model(prepared.task, ModelSpec(mixer="linformer", width=8), 0)
    assert "linformer" in error.value.message


def test_tokens_are_the_positions_that_a_model_reads():
    prepared = prepare(hourly(400, 3), horizon=6, lookback=24, patch=3)
    batch = next(prepared.task.batches(prepared.train, 16, 10**9, None))
    assert batch.tokens == 16 * 3 * 8
    assert batch.to("cpu").tokens == batch.tokens
    joint = prepare(hourly(400, 3), horizon=6, lookback=24, patch=3, channels="joint")
    assert next(joint.task.batches(joint.train, 16, 10**9, None)).tokens == 16 * 8
