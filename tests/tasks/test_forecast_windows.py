"""Parts in time and their windows: no target crosses a part, overlapping windows share blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.frequency import Frequency
from seqlab.tasks.forecasting.panel import Panel
from seqlab.tasks.forecasting.seasonality import find_season
from seqlab.tasks.forecasting.settings import choose_season
from tests.tasks.forecast_data import hourly, many, prepare


def rows(examples, steps):
    """(windows, steps) the panel's rows that are forecast."""
    return examples.arrays["origin"][:, None] + np.arange(steps)


def by_steps(values) -> Panel:
    offsets = np.array([0, len(values)])
    return Panel(("series",), ("y",), (), values, offsets, np.zeros(1, int), Frequency())


def test_parts_do_not_share_targets_and_look_back_into_each_other():
    prepared = prepare(hourly(600), horizon=12, lookback=48)
    train, valid, test = (rows(p, 12) for p in (prepared.train, prepared.valid, prepared.test))
    assert train.min() == 48
    assert train.max() == 419  # 70 percent of 600 rows
    assert (valid.min(), valid.max()) == (420, 479)
    assert (test.min(), test.max()) == (480, 599)
    assert len(prepared.test) == 120 - 12 + 1  # every origin


def test_rows_as_in_the_literature():
    prepared = prepare(hourly(700), split="240/120/120", horizon=24, lookback=48)
    assert len(prepared.train) == 240 - 48 - 24 + 1
    assert len(prepared.test) == 120 - 24 + 1
    assert rows(prepared.test, 24).max() == 479
    assert "220 after them are not used" in str(prepared.card["notes"])


def test_dates_say_where_validation_and_test_begin():
    for split in ("2024-01-15,2024-01-20", "2024-01-15/2024-01-20"):
        prepared = prepare(hourly(600), split=split, horizon=12, lookback=24)
        assert prepared.valid.frame["ds"].min() == pd.Timestamp("2024-01-15")
        assert prepared.test.frame["ds"].min() == pd.Timestamp("2024-01-20")
        assert prepared.card["parts"]["train"]["to"] == "2024-01-14 23:00:00"


def test_a_third_date_ends_the_test_part():
    split = "2024-01-15,2024-01-18,2024-01-20"
    prepared = prepare(hourly(600), split=split, horizon=12, lookback=24)
    assert prepared.card["parts"]["test"]["to"] == "2024-01-19 23:00:00"


def test_default_parts_hold_a_horizon():
    prepared = prepare(hourly(100), horizon=24, lookback=24)
    assert len(prepared.valid) == 1
    assert len(prepared.train) == 100 - 24 - 24 - 48 + 1


def test_one_date_divides_all_series():
    frame = many(5)
    frame = frame[(frame["unique_id"] != "s01") | (frame["ds"] >= "2024-02-01")]
    prepared = prepare(frame, horizon=5, lookback=10, season=7)
    borders = [prepared.card["parts"][part]["from"] for part in ("valid", "test")]
    starts = prepared.test.frame.groupby("unique_id", observed=True)["ds"].min()
    assert (starts == pd.Timestamp(borders[1])).all()
    assert prepared.valid.frame["ds"].max() < pd.Timestamp(borders[1])


def test_series_of_other_times_are_divided_each_by_itself():
    parts = []
    for i in range(4):
        frame = hourly(200).assign(unique_id=f"s{i}")
        parts.append(frame.assign(ds=frame["ds"] + pd.Timedelta(i * 300, "h")))
    prepared = prepare(pd.concat(parts), horizon=6, lookback=12)
    assert set(prepared.train.frame["unique_id"]) == {"s0", "s1", "s2", "s3"}
    assert "of each series by itself" in str(prepared.card["notes"])


def test_a_stride_keeps_the_last_window_and_is_recorded():
    prepared = prepare(hourly(600), horizon=12, lookback=48, stride=10)
    origins = prepared.test.arrays["origin"]
    assert set(np.diff(origins)) == {10}
    assert origins[-1] == 600 - 12
    assert prepared.card["parts"]["test"]["stride"] == 10
    assert prepared.card["parts"]["train"]["stride"] == 1


def test_blocks_are_at_least_a_horizon_long():
    prepared = prepare(hourly(600), horizon=30, lookback=48, season=24)
    blocks = prepared.test.blocks
    sizes = np.bincount(blocks)
    assert (np.diff(blocks) >= 0).all()
    assert (sizes[:-1] == 30).all()
    assert sizes[-1] <= 30


def test_many_series_are_blocks_themselves():
    prepared = prepare(many(25), horizon=5, lookback=10)
    assert len(np.unique(prepared.test.blocks)) == 25
    table = pd.crosstab(prepared.test.blocks, prepared.test.frame["unique_id"])
    assert ((table > 0).sum(axis=1) == 1).all()


def test_few_dated_series_share_blocks_of_time():
    prepared = prepare(many(4), horizon=5, lookback=10, season=7)
    frame = prepared.test.frame.assign(block=prepared.test.blocks)
    assert (frame.groupby("ds")["block"].nunique() == 1).all()


def test_windows_without_anything_to_read_or_score_are_left_out():
    frame = hourly(600)
    frame.loc[500:560, "c0"] = np.nan
    prepared = prepare(frame, horizon=12, lookback=24)
    origins = prepared.test.arrays["origin"]
    dead = (origins >= 500) & (origins + 12 <= 561)
    blind = (origins - 24 >= 500) & (origins <= 561)
    assert not dead.any()
    assert not blind.any()
    assert origins.min() == 480


def test_short_series_of_a_panel_are_dropped_and_named():
    short = hourly(20).assign(unique_id="short").rename(columns={"c0": "y"})
    short["ds"] = pd.date_range("2024-01-01", periods=20)
    prepared = prepare(pd.concat([many(22), short]), horizon=5, lookback=30)
    assert prepared.card["series_too_short"] == ["short"]
    assert "short" not in prepared.task.fitted.series


def test_given_parts():
    frame = hourly(600)
    tables = [Table(frame[a:b], str(a)) for a, b in ((0, 400), (400, 500), (500, 600))]
    (prepared,) = Forecast.prepare(Sources(*tables), DataSpec(horizon=12, lookback=24), 0)
    assert rows(prepared.valid, 12).min() == 400
    assert rows(prepared.test, 12).min() == 500
    two_files = Sources(tables[0], None, tables[2])
    (two,) = Forecast.prepare(two_files, DataSpec(horizon=12, lookback=24), 0)
    assert two.card["gaps"] == 100
    assert rows(two.test, 12).min() == 501  # at 500 there is nothing but the gap to read
    assert rows(two.valid, 12).min() == 350


def test_a_column_split_divides_a_table():
    frame = hourly(600)
    frame["split"] = ["train"] * 400 + ["valid"] * 100 + ["test"] * 100
    prepared = prepare(frame, horizon=12, lookback=24)
    assert prepared.task.fitted.layout.targets == ("c0",)
    assert rows(prepared.test, 12).min() == 500


def test_folds_roll_on():
    folds = Forecast.prepare(
        Sources(Table(hourly(600), "x.csv")), DataSpec(folds=3, horizon=12, lookback=24), 0
    )
    spans = [(rows(f.test, 12).min(), rows(f.test, 12).max()) for f in folds]
    assert spans == [(300, 399), (400, 499), (500, 599)]
    assert [rows(f.train, 12).max() for f in folds] == [199, 299, 399]
    assert folds[0].task.fitted.scales.mean[0, 0] != folds[2].task.fitted.scales.mean[0, 0]


IMPOSSIBLE = [
    ({"horizon": 0}, "horizon = 0: expected at least 1"),
    ({"lookback": -3}, "lookback = -3: expected at least 1"),
    (
        {"horizon": 48, "lookback": 600},
        "the series has 600 steps; look-back 600 + horizon 48 need at least 648",
    ),
    (
        {"horizon": 48, "lookback": 500},
        "the training part holds no window: it has 420 of the 600 steps of"
        " the series, look-back 500 + horizon 48 need 548",
    ),
    (
        {"horizon": 24, "lookback": 24, "patch": 25},
        "patch = 25: longer than the look-back of 24 steps",
    ),
    ({"split": "50/50"}, '--split "50/50": expected three shares or counts, or two dates'),
    (
        {"split": "500/200/200"},
        "--split: 500/200/200 rows are 900, the longest series has 600",
    ),
    (
        {"split": "2024-01-20,2024-01-15"},
        '--split "2024-01-20,2024-01-15": the dates must be in order',
    ),
    (
        {"split": "2025-01-20,2025-02-15"},
        '--split "2025-01-20,2025-02-15": the validation part is empty;'
        " the data reach from 2024-01-01 00:00:00 to 2024-01-25 23:00:00",
    ),
    ({"split": "2024-01-20,someday"}, '--split "2024-01-20,someday": "someday" is not a date'),
    (
        {"horizon": 80, "folds": 5},
        "folds = 5: test parts of 60 steps are shorter than the horizon 80",
    ),
    ({"metric": "accuracy"}, 'unknown metric of forecasts "accuracy"'),
]


@pytest.mark.parametrize(("settings", "message"), IMPOSSIBLE)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(UserError) as error:
        prepare(hourly(600), **settings)
    assert error.value.message == message
    assert error.value.hint


def test_validation_without_test_is_refused():
    frame = hourly(600)
    sources = Sources(Table(frame[:400], "a"), Table(frame[400:], "b"))
    with pytest.raises(UserError, match="--valid without --test"):
        Forecast.prepare(sources, DataSpec(), 0)


def test_a_constant_series_has_nothing_to_learn():
    with pytest.raises(UserError, match="every series of c0 is constant in the training part"):
        prepare(hourly(600).assign(c0=3.0), horizon=24)


def test_few_series_without_dates_do_not_share_blocks():
    frame = many(3).drop(columns="ds")
    prepared = prepare(frame, horizon=5, lookback=10, season=7)
    table = pd.crosstab(prepared.test.blocks, prepared.test.frame["unique_id"])
    assert ((table > 0).sum(axis=1) == 1).all()
    assert len(table) > 3


def test_a_date_between_two_steps_means_the_later_one():
    split = "2024-01-15 00:20,2024-01-20 00:40"
    prepared = prepare(hourly(600), split=split, horizon=12, lookback=24)
    assert prepared.valid.frame["ds"].min() == pd.Timestamp("2024-01-15 01:00")
    assert prepared.test.frame["ds"].min() == pd.Timestamp("2024-01-20 01:00")


def test_a_default_look_back_is_whole_seasons_and_leaves_room():
    card = prepare(hourly(600), horizon=12).card
    assert card["lookback"] == 192  # of (420 − 12) / 2 = 204
    assert card["patch"] == 24
    assert prepare(hourly(3000), horizon=24).card["lookback"] == 336
    assert prepare(hourly(3000), horizon=200).card["lookback"] == 720  # 3.5 horizons
    assert prepare(hourly(3000), horizon=12, lookback=50).card["patch"] == 3


def test_walks_without_dates_have_no_season():
    steps = np.random.default_rng(3).normal(size=(20, 300))
    frame = pd.DataFrame({"unique_id": np.arange(20).repeat(300), "y": steps.cumsum(1).ravel()})
    assert prepare(frame).card["season"] == 1
    walk = np.random.default_rng(2).normal(size=200).cumsum()[:, None]
    assert find_season([walk])[0] == 13  # its autocorrelation has a peak, by chance
    assert choose_season(by_steps(walk), DataSpec(), np.array([200]))[0] == 1
    wave = np.sin(2 * np.pi * np.arange(300) / 12) * 5
    assert prepare(frame.assign(y=(steps + wave).ravel())).card["season"] == 12


def test_a_scaled_error_needs_series_that_move():
    frame = many(2)
    frame.loc[(frame["unique_id"] == "s00") & (frame["ds"] < "2024-03-28"), "y"] = 1.0
    frame = frame[(frame["unique_id"] == "s00") | (frame["ds"] < "2024-03-01")]
    with pytest.raises(UserError, match="the validation part holds only series that never change"):
        prepare(frame, horizon=5, lookback=10)
    assert prepare(frame, horizon=5, lookback=10, metric="mae").card["series"] == 2
