"""The forecasting task end to end: what models read, how they are scored, what people get."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from seqlab import registry
from seqlab.batch import Context
from seqlab.data.examples import Examples
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.frequency import calendar_features
from tests.tasks.forecast_data import hourly, many, prepare

SMALL = {"horizon": 12, "lookback": 48, "patch": 12}


class Tiny(nn.Module):
    """All patches to all steps, through a nonlinearity."""

    def __init__(self, task: Forecast, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        inputs = task.inputs
        self.body = nn.Linear(inputs.size * inputs.length, 16)
        self.head = task.head(16)
        self.read: list[torch.Tensor] = []

    def forward(self, values: torch.Tensor, context: Context) -> torch.Tensor:
        self.read.append(values.detach())
        return self.head(torch.tanh(self.body(values.flatten(1))))


def first_batch(prepared, part="train", size=8):
    return next(prepared.task.batches(getattr(prepared, part), size, 10**9, None))


def metric(name):
    return registry.load("metrics", name)()


def predict(task, model, examples) -> np.ndarray:
    batches = task.batches(examples, 64, 10**9, None)
    return np.concatenate([task.predict(model, batch) for batch in batches])


@pytest.mark.parametrize("channels", ["independent", "joint"])
@pytest.mark.parametrize("calendar", [True, False])
def test_models_get_what_inputs_promise(channels, calendar):
    prepared = prepare(hourly(600, 3), **SMALL, channels=channels, calendar=calendar)
    model = Tiny(prepared.task)
    batch = first_batch(prepared)
    loss = prepared.task.loss(model, batch)
    sequences = 8 if channels == "joint" else 8 * 3
    inputs = prepared.task.inputs
    assert model.read[0].shape == (sequences, inputs.length, inputs.size)
    assert inputs.size == 12 * (3 if channels == "joint" else 1) + (4 if calendar else 0)
    assert loss.weight == 8 * 12 * 3
    assert prepared.task.predict(model, batch).shape == (8, 12, 3)
    loss.value.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_patches_are_the_standardised_window_in_order():
    prepared = prepare(hourly(600, 2), **SMALL, calendar=False, revin=False)
    model = Tiny(prepared.task)
    prepared.task.predict(model, first_batch(prepared))
    origin = int(prepared.train.arrays["origin"][3])
    values = hourly(600, 2)[["c0", "c1"]].to_numpy()
    scales = prepared.task.fitted.scales
    standard = (values - values[:420].mean(0)) / values[:420].std(0)
    np.testing.assert_allclose(scales.std[0], values[:420].std(0))
    window = standard[origin - 48 : origin, 1].reshape(4, 12)
    np.testing.assert_allclose(model.read[0][3 * 2 + 1], window, atol=1e-5)


def test_the_calendar_is_that_of_each_patch_end():
    prepared = prepare(hourly(600, 3), **SMALL)
    assert prepared.card["calendar"] == ["day", "week"]
    model = Tiny(prepared.task)
    prepared.task.predict(model, first_batch(prepared))
    origins = prepared.train.arrays["origin"][:8].repeat(3)  # an example's channels side by side
    ends = origins[:, None] + np.array([-37, -25, -13, -1])
    dates = hourly(600)["ds"].to_numpy("M8[ns]")[ends.ravel()]
    expected = calendar_features(dates, ("day", "week")).reshape(24, 4, 4)
    np.testing.assert_allclose(model.read[0][:, :, 12:], expected, atol=1e-6)


def test_a_look_back_that_patches_do_not_divide_is_filled_with_its_first_value():
    prepared = prepare(hourly(600), horizon=12, lookback=50, patch=12, calendar=False, revin=False)
    model = Tiny(prepared.task)
    prepared.task.predict(model, first_batch(prepared))
    assert prepared.task.inputs.length == 5
    patch = model.read[0][0, 0]
    assert (patch[:10] == patch[10]).all()
    assert patch[11] != patch[10]


def test_instance_normalisation_follows_level_and_size():
    """What the window is raised or stretched by, the forecast is raised or stretched by."""
    prepared = prepare(hourly(600), **SMALL, calendar=False)
    task, model = prepared.task, Tiny(prepared.task)
    batch = first_batch(prepared)
    std, mean = batch.extra["std"].numpy()[:, None], batch.extra["mean"].numpy()[:, None]
    moved = replace(batch, inputs=3 * batch.inputs + 7)
    before = (task.predict(model, batch) - mean) / std
    after = (task.predict(model, moved) - mean) / std
    np.testing.assert_allclose(after, 3 * before + 7, rtol=1e-3)
    plain = prepare(hourly(600), **SMALL, calendar=False, revin=False).task
    bare = (plain.predict(model, moved) - mean) / std
    assert np.abs(bare - (3 * before + 7)).max() > 1


def test_nothing_after_an_origin_reaches_a_forecast():
    frame, changed = hourly(600, 2), hourly(600, 2)
    changed.loc[500:, ["c0", "c1"]] = 1e6
    frame.loc[490:495, "c0"] = changed.loc[490:495, "c0"] = np.nan
    frame.loc[496:499, "c1"] = changed.loc[496:499, "c1"] = np.nan
    one, other = (
        prepare(frame, **SMALL, split="400/80/120"),
        prepare(changed, **SMALL, split="400/80/120"),
    )
    model = Tiny(one.task)
    early = one.test.arrays["origin"] <= 500
    forecasts = [predict(p.task, model, p.test)[early] for p in (one, other)]
    np.testing.assert_array_equal(*forecasts)
    assert early.sum() == 21


def test_missing_values_are_told_to_models_and_left_out_of_loss_and_metrics():
    frame = hourly(600)
    frame.loc[100:103, "c0"] = np.nan
    prepared = prepare(frame, **SMALL, calendar=False, metric="mse")
    assert prepared.task.inputs.size == 2 * 12
    rows = np.flatnonzero(prepared.train.arrays["origin"] == 96)
    task, model = prepared.task, Tiny(prepared.task)
    (batch,) = task.batches(prepared.train.take(rows), 4, 10**9, None)
    loss = task.loss(model, batch)
    assert loss.weight == 8
    away = task.predict(model, batch) - frame["c0"].to_numpy()[96:108].reshape(1, 12, 1)
    squared = (away / task.fitted.scales.std[0]) ** 2
    np.testing.assert_allclose(float(loss.value.detach()), np.nanmean(squared), rtol=1e-4)
    statistics = task.statistics(
        metric("mse"), task.predict(model, batch), prepared.train.take(rows)
    )
    assert statistics[0, 1] == 8
    (later,) = task.batches(
        prepared.train.take(np.flatnonzero(prepared.train.arrays["origin"] == 108)), 4, 10**9, None
    )
    task.predict(model, later)
    told = model.read[-1][0, :, 12:].flatten()
    assert told.sum() == 4
    assert told[48 - 8 : 48 - 4].all()


def test_the_window_is_normalised_by_what_was_observed():
    frame = hourly(600)
    frame.loc[60:95, "c0"] = np.nan
    frame.loc[59, "c0"] = 1000.0  # filled forward over the gap: three quarters of the window
    prepared = prepare(frame, **SMALL, calendar=False)
    model = Tiny(prepared.task)
    rows = np.flatnonzero(prepared.train.arrays["origin"] == 100)
    (batch,) = prepared.task.batches(prepared.train.take(rows), 4, 10**9, None)
    prepared.task.predict(model, batch)
    read = model.read[0][0, :, :12].flatten()
    known = ~np.isnan(frame["c0"].to_numpy()[52:100])
    np.testing.assert_allclose(float(read[torch.from_numpy(known)].mean()), 0, atol=1e-4)
    assert abs(float(read.mean())) > 1


@pytest.mark.parametrize("name", ["mse", "mae", "mase"])
def test_the_training_loss_is_the_primary_metric(name):
    prepared = prepare(many(4), horizon=5, lookback=14, patch=7, metric=name)
    task, model = prepared.task, Tiny(prepared.task)
    (batch,) = task.batches(prepared.train.take(np.arange(40)), 64, 10**9, None)
    predictions = task.predict(model, batch)
    value = metric(name).value(
        task.statistics(metric(name), predictions, prepared.train.take(np.arange(40)))
    )
    np.testing.assert_allclose(float(task.loss(model, batch).value.detach()), value, rtol=1e-4)


def test_the_primary_metric_suits_the_data():
    assert prepare(hourly(600, 3), **SMALL).task.metrics[0] == "mse"
    assert prepare(hourly(600), **SMALL).task.metrics[0] == "mae"
    assert prepare(many(4), horizon=5, lookback=10).task.metrics[0] == "mase"
    chosen = prepare(hourly(600), **SMALL, metric="smape").task.metrics
    assert chosen[0] == "smape"
    assert sorted(chosen) == ["mae", "mase", "mse", "rmse", "smape"]


def test_statistics_on_each_scale_by_hand():
    prepared = prepare(hourly(600), **SMALL, season=24)
    task, test = prepared.task, prepared.test
    truth = hourly(600)["c0"].to_numpy()[np.arange(480, 492)]
    guess = np.zeros((len(test), 12, 1))
    training = hourly(600)["c0"].to_numpy()[:420]
    naive = np.abs(training[24:] - training[:-24]).mean()
    expected = {
        "mse": (truth / training.std()) ** 2,
        "mae": np.abs(truth / training.std()),
        "mase": np.abs(truth / naive),
        "rmse": truth**2,
        "smape": np.full(12, 200.0),
    }
    for name, values in expected.items():
        statistics = task.statistics(metric(name), guess, test)
        assert statistics.shape == (len(test), 2)
        np.testing.assert_allclose(statistics[0], [values.sum(), 12])


def test_batches_hold_every_window_once_and_count_channels_as_tokens():
    prepared = prepare(hourly(600, 5), **SMALL)
    task = prepared.task
    shuffled = [b.rows for b in task.batches(prepared.train, 64, 10**9, np.random.default_rng(0))]
    rows = np.concatenate(shuffled)
    assert sorted(rows) == list(range(len(prepared.train)))
    assert (np.diff(rows) != 1).any()
    limited = [len(b.rows) for b in task.batches(prepared.train, 64, 200, None)]
    assert max(limited) == 200 // (5 * 4)


def test_covariates_are_read_and_not_forecast():
    frame = hourly(600, 2).rename(columns={"c0": "y", "c1": "load"})
    prepared = prepare(frame, **SMALL, calendar=False, columns={"covariates": "load"})
    assert prepared.task.inputs.size == 24
    model = Tiny(prepared.task)
    assert predict(prepared.task, model, prepared.test).shape[2] == 1
    other = frame.assign(load=frame["load"].to_numpy()[::-1])
    changed = prepare(other, **SMALL, calendar=False, columns={"covariates": "load"})
    assert not np.allclose(
        predict(changed.task, model, changed.test), predict(prepared.task, model, prepared.test)
    )


def test_a_small_model_learns_a_wave():
    prepared = prepare(hourly(900), horizon=12, lookback=48, metric="mse")
    task, model = prepared.task, Tiny(prepared.task)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    for _ in range(8):
        for batch in task.batches(prepared.train, 32, 10**9, rng):
            optimiser.zero_grad()
            task.loss(model, batch).value.backward()
            optimiser.step()
    test = prepared.test
    learned = metric("mse").value(task.statistics(metric("mse"), predict(task, model, test), test))
    truth = task.truth(test)
    flat = np.broadcast_to(truth.mean(), truth.shape)
    assert learned < 0.1 * metric("mse").value(task.statistics(metric("mse"), flat, test))


# -- new data ----------------------------------------------------------------------------------


def test_new_data_are_forecast_from_their_end_on():
    prepared = prepare(hourly(600), **SMALL)
    task, model = prepared.task, Tiny(prepared.task)
    examples = task.encode(Table(hourly(700), "new.csv"))
    table = task.present(predict(task, model, examples), examples)
    assert list(table.columns) == ["unique_id", "ds", "c0"]
    end = pd.Timestamp("2024-01-01") + pd.Timedelta(700, "h")
    assert table["ds"].tolist() == list(pd.date_range(end, periods=12, freq="h"))
    assert table["c0"].notna().all()
    known = prepare(hourly(700), **SMALL, split="400/100/200")
    assert known.task.truth(known.test).shape == (189, 12, 1)
    assert np.isnan(task.truth(examples)).all()


def test_dates_continue_those_of_the_new_data():
    task = prepare(hourly(600), **SMALL).task
    frame = hourly(100)
    frame["ds"] += pd.Timedelta("30min")
    examples = task.encode(Table(frame, "new.csv"))
    table = task.present(predict(task, Tiny(task), examples), examples)
    assert table["ds"].iloc[0] == frame["ds"].iloc[-1] + pd.Timedelta("1h")


def test_rows_to_be_filled_in_are_not_history():
    frame = hourly(600)
    frame.loc[590:, "c0"] = np.nan
    task = prepare(hourly(600), **SMALL).task
    examples = task.encode(Table(frame, "new.csv"))
    assert examples.frame["ds"].tolist() == [frame["ds"][590]]


def test_known_series_keep_their_scales_and_new_ones_bring_their_own():
    task = prepare(many(4), horizon=5, lookback=10).task
    new = many(4)
    new.loc[new["unique_id"] == "s03", "unique_id"] = "unknown"
    new["y"] = new["y"] * 2
    examples = task.encode(Table(new, "new.csv"))
    means = examples.shared["mean"][:, 0]
    np.testing.assert_allclose(means[:3], task.fitted.scales.mean[:3, 0])
    np.testing.assert_allclose(means[3], new[new["unique_id"] == "unknown"]["y"].mean())
    table = task.present(predict(task, Tiny(task), examples), examples)
    assert table["unique_id"].tolist() == np.repeat(["s00", "s01", "s02", "unknown"], 5).tolist()


def test_too_little_history_is_filled_up_and_said():
    task = prepare(hourly(600), **SMALL).task
    examples = task.encode(Table(hourly(30), "new.csv"))
    table = task.present(predict(task, Tiny(task), examples), examples)
    assert table["note"].tolist() == ["only 30 of 48 steps of history"] * 12
    assert table["ds"].iloc[0] == pd.Timestamp("2024-01-02 06:00")
    assert np.isfinite(table["c0"]).all()


def test_a_series_without_values_is_shown_without_a_forecast():
    task = prepare(many(4), horizon=5, lookback=10).task
    new = many(4)
    new.loc[new["unique_id"] == "s01", "y"] = np.nan
    examples = task.encode(Table(new, "new.csv"))
    table = task.present(predict(task, Tiny(task), examples), examples)
    assert len(table) == 3 * 5 + 1
    assert table.iloc[-1][["unique_id", "note"]].tolist() == ["s01", "no values to forecast from"]


def test_undated_series_count_on():
    frame = hourly(600)[["c0"]]
    task = prepare(frame, horizon=6, lookback=24).task
    examples = task.encode(Table(frame, "new.csv"))
    table = task.present(predict(task, Tiny(task), examples), examples)
    assert table["ds"].tolist() == list(range(601, 607))


def test_several_forecasts_of_a_series_say_their_cutoff():
    prepared = prepare(hourly(600), **SMALL)
    table = prepared.task.present(prepared.task.truth(prepared.test), prepared.test)
    assert len(table) == len(prepared.test) * 12
    assert (table["ds"] > table["cutoff"]).all()
    merged = table.merge(hourly(600), on="ds")
    np.testing.assert_allclose(merged["c0_x"], merged["c0_y"])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (hourly(100).assign(ds=pd.date_range("2024-01-01", periods=100)),
         '"new.csv" steps by 1 day; the data trained on steps by 1 hour'),
        (hourly(100).assign(c0=np.nan), "no values in c0"),
        (hourly(100).rename(columns={"c0": "other"}), '"new.csv" has no column "c0"'),
    ],
)  # fmt: skip
def test_new_data_that_do_not_fit(frame, message):
    task = prepare(hourly(600), **SMALL).task
    with pytest.raises(UserError) as error:
        task.encode(Table(frame, "new.csv"))
    assert error.value.message == message


def test_a_saved_task_forecasts_the_same(tmp_path):
    prepared = prepare(many(4), horizon=5, lookback=14, patch=7)
    model = Tiny(prepared.task)
    prepared.task.save(tmp_path)
    loaded = Forecast.load(tmp_path)
    new = Table(many(4), "new.csv")
    forecasts = [
        task.present(predict(task, model, task.encode(new)), task.encode(new))
        for task in (prepared.task, loaded)
    ]
    pd.testing.assert_frame_equal(*forecasts)
    assert loaded.metrics == prepared.task.metrics
    prepared.test.save(tmp_path / "test")
    test = Examples.load(tmp_path / "test")
    np.testing.assert_array_equal(
        predict(loaded, model, test), predict(prepared.task, model, prepared.test)
    )


def test_subsets_are_the_latest_windows_and_nested():
    for prepared in (prepare(hourly(600), **SMALL), prepare(many(4), horizon=5, lookback=10)):
        train = prepared.train
        small, large = (prepared.task.subset(train, size, 0) for size in (50, 100))
        rows = [
            set(zip(p.arrays["series"], p.arrays["origin"], strict=True)) for p in (small, large)
        ]
        assert len(small) == 50
        assert rows[0] < rows[1]
        assert small.frame["ds"].max() == train.frame["ds"].max()
        assert small.frame["ds"].min() > large.frame["ds"].min()


def test_subsets_of_series_without_dates_count_back_from_each_end():
    frame = pd.concat([hourly(n)[["c0"]].assign(unique_id=str(n)) for n in (100, 200, 400)])
    prepared = prepare(frame, horizon=5, lookback=10)
    small = prepared.task.subset(prepared.train, 30, 0)
    assert small.frame["unique_id"].value_counts().tolist() == [10, 10, 10]


# -- for people --------------------------------------------------------------------------------


def test_exhibits_show_steps_series_forecasts_and_residuals():
    prepared = prepare(hourly(600, 2), **SMALL)
    task, test = prepared.task, prepared.test
    truth = task.truth(test)
    predictions = truth + np.arange(1, 13)[:, None] * np.array([0.0, 0.1])
    shown = {exhibit.title: exhibit for exhibit in task.exhibits(predictions, test)}
    step, series = shown["Error by step ahead"], shown["Error by series"]
    drawn, residuals = shown["Forecasts"], shown["Residuals"]
    std = task.fitted.scales.std[0, 1]
    assert step.kind == "curve"
    np.testing.assert_allclose(step.data["y"], (np.arange(1, 13) * 0.1 / std) ** 2 / 2)
    assert [row[0] for row in series.data["rows"]] == ["c1", "c0"]
    assert series.data["rows"][1][1] == 0
    assert 4 <= len(drawn.data["items"]) <= 6
    item = drawn.data["items"][-1]
    assert "c1" in item["title"]
    assert len(item["predicted"]["x"]) == len(item["target"]["y"]) == 12
    assert item["history"]["x"][-1] < item["target"]["x"][0]
    bias = {row[0]: row[1] for row in residuals.data["rows"]}
    np.testing.assert_allclose([bias["c0"], bias["c1"]], [0, 0.65], atol=1e-9)
    drift = shown["Residuals by step ahead"].data["y"]
    np.testing.assert_allclose(drift, np.arange(1, 13) * 0.1 / std / 2, atol=1e-9)
    along = shown["Residuals along the horizon"].data["rows"]
    assert len(along) == 8
    assert [row[1] for row in along] == sorted(row[1] for row in along)


def test_drawn_errors_come_from_different_stretches():
    prepared = prepare(hourly(900), **SMALL, season=24)
    task, test = prepared.task, prepared.test
    predictions = task.truth(test).copy()
    predictions[(test.blocks == 2) | (test.blocks == 4)] += 5
    predictions[test.blocks == 2] += 5
    (drawn,) = (e for e in task.exhibits(predictions, test) if e.kind == "series")
    items = drawn.data["items"]
    worst = [item["target"]["x"][0] for item in items if "largest errors" in item["title"]]
    blocks = [int(test.blocks[test.frame["ds"] == date][0]) for date in worst]
    assert blocks[:2] == [2, 4]
    assert len(set(blocks)) == len(blocks)


def test_exhibits_of_many_series_are_cut_to_the_worst():
    prepared = prepare(many(25), horizon=5, lookback=10)
    task, test = prepared.task, prepared.test
    exhibits = {e.title: e for e in task.exhibits(task.truth(test) * 1.1, test)}
    table = exhibits["Error by series"]
    assert len(table.data["rows"]) == 20
    assert table.note == "the 20 largest of 25"
    errors = [row[1] for row in table.data["rows"]]
    assert errors == sorted(errors, reverse=True)


def findings(frame, **settings):
    sources = Sources(Table(frame, "data.csv"))
    return {f.title: f for f in Forecast.inspect(sources, DataSpec(**settings), 0)}


def test_inspection_says_what_is_there_and_what_to_do():
    frame = hourly(600, 2)
    frame["c1"] = 4.0
    frame.loc[550, "c0"] = 1e5
    found = findings(frame.drop(index=[10, 11, 12]))
    titles = " | ".join(found)
    for part in (
        "one series of 2 channels, 600 steps of 1 hour",
        "3 gaps in time (0.5% of the steps)",
        "1 series never change in the training part",
        "1 extreme values",
        "season of 24 steps: strength 0.",
        "The bar to beat: seasonal naive",
        "stretches of the test part that do not overlap: only 5",
    ):
        assert part in titles
    assert (
        'first: c0 = 100000 in "series" at 2024-01-23'
        in found[next(t for t in found if "extreme" in t)].detail
    )
    assert all(f.severity != "error" for f in found.values())


def test_inspection_turns_an_error_into_the_finding_that_matters():
    frame = hourly(600).iloc[[*range(300, 600), *range(300)]]
    (found,) = Forecast.inspect(Sources(Table(frame, "data.csv")), DataSpec(), 0)
    assert found.severity == "error"
    assert "runs backwards" in found.title
    assert found.advice == "sort the rows by date, the oldest first"


def test_rows_given_newest_first_are_said_to_be_read_oldest_first():
    found = Forecast.inspect(Sources(Table(hourly(600)[::-1], "data.csv")), DataSpec(), 0)
    assert "given newest first and read oldest first" in found[0].detail


def test_inspection_of_panels_names_series_left_out():
    short = many(1, 12).assign(unique_id="tiny")
    empty = many(1).assign(unique_id="void", y=np.nan)
    found = findings(pd.concat([many(22), short, empty]), horizon=5, lookback=30)
    assert found["1 series are too short and left out"].detail == "tiny"
    assert found["1 series have no values and are left out"].detail == "void"


def test_inspection_warns_of_another_level_in_the_test_part():
    frame = hourly(600)
    frame.loc[450:, "c0"] += 50
    assert any("another level in the test part" in title for title in findings(frame))
