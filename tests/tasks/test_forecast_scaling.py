"""Scales by hand, from the training part alone; filling that never looks ahead; the calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from seqlab.tasks.forecasting.frequency import (
    DAY,
    HOUR,
    Frequency,
    calendar_features,
    cycles_within,
)
from seqlab.tasks.forecasting.panel import Panel
from seqlab.tasks.forecasting.scaling import fill_forward, fit_scales
from seqlab.tasks.forecasting.seasonality import find_season, strengths


def panel_of(*series) -> Panel:
    values = np.concatenate([np.asarray(s, dtype=float) for s in series])[:, None]
    offsets = np.concatenate(([0], np.cumsum([len(s) for s in series])))
    names = tuple(f"s{i}" for i in range(len(series)))
    return Panel(names, ("y",), (), values, offsets, 0 * offsets[:-1], Frequency())


def test_scales_by_hand_with_a_gap():
    nan = np.nan
    panel = panel_of([1, 2, 3, 5, nan, 8, 100, 100], [10, 10, 12, 14, 16, 100])
    scales = fit_scales(panel, np.array([6, 5]), season=2)
    first, second = [1, 2, 3, 5, 8], [10, 10, 12, 14, 16]
    np.testing.assert_allclose(scales.mean[:, 0], [np.mean(first), np.mean(second)])
    np.testing.assert_allclose(scales.std[:, 0], [np.std(first), np.std(second)])
    # |3 − 1|, |5 − 2|, |8 − 5|; the gap has no difference to two steps before or after
    np.testing.assert_allclose(scales.naive[:, 0], [(2 + 3 + 3) / 3, (2 + 4 + 4) / 3])


def test_what_follows_the_training_part_does_not_matter():
    rng = np.random.default_rng(0)
    values = rng.normal(size=50)
    changed = np.concatenate([values[:30], 1000 + rng.normal(size=20)])
    before, after = (fit_scales(panel_of(v), np.array([30]), 7) for v in (values, changed))
    for name in ("mean", "std", "naive"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_series_without_training_values_take_the_middle_of_the_others():
    panel = panel_of([0, 2], [0, 4], [0, 6], [7, 8])
    scales = fit_scales(panel, np.array([2, 2, 2, 0]), season=1)
    assert scales.mean[3, 0] == 2
    assert scales.std[3, 0] == 2


def test_a_constant_series_has_no_scaled_error():
    scales = fit_scales(panel_of([5, 5, 5], [1, 2, 4]), np.array([3, 3]), season=1)
    assert np.isnan(scales.naive[0, 0])
    assert scales.std[0, 0] == 1
    assert scales.naive[1, 0] == 1.5


def test_short_of_a_season_the_naive_error_is_that_of_one_step():
    assert fit_scales(panel_of([1, 2, 4]), np.array([3]), season=12).naive[0, 0] == 1.5


@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1), min_size=1, max_size=4)
)
def test_filling_forward_is_that_of_pandas_within_each_series(series):
    pieces = [np.array([np.nan if v is None else v for v in s], dtype=float) for s in series]
    offsets = np.concatenate(([0], np.cumsum([len(p) for p in pieces])))
    filled = fill_forward(np.concatenate(pieces)[:, None], offsets, np.full((len(pieces), 1), -1.0))
    expected = np.concatenate([pd.Series(p).ffill().fillna(-1.0).to_numpy() for p in pieces])
    np.testing.assert_array_equal(filled[:, 0], expected)


def test_cycles_that_the_training_part_holds_twice():
    hourly = Frequency("fixed", HOUR)
    assert cycles_within(hourly, 40) == ()
    assert cycles_within(hourly, 24 * 10) == ("day",)
    assert cycles_within(hourly, 24 * 400) == ("day", "week")
    assert cycles_within(hourly, 24 * 800) == ("day", "week", "year")
    assert cycles_within(Frequency("fixed", DAY), 800) == ("week", "year")
    assert cycles_within(Frequency("months", 1), 48) == ("year",)
    assert cycles_within(Frequency(), 10**6) == ()


def test_calendar_features_are_points_on_circles():
    dates = pd.date_range("2024-01-01 06:00", periods=24 * 15, freq="h").to_numpy("M8[ns]")
    found = calendar_features(dates, ("day", "week"))
    assert found.shape == (360, 4)
    np.testing.assert_allclose(found[0, [0, 2]], [1, 0], atol=1e-6)  # six o'clock: a quarter turn
    np.testing.assert_allclose(found[:, [0, 1]] ** 2 + found[:, [2, 3]] ** 2, 1, atol=1e-6)
    np.testing.assert_allclose(found[168], found[0], atol=1e-6)  # a week later
    monday = calendar_features(dates[18 + 6 * 24 : 19 + 6 * 24], ("week",))
    np.testing.assert_allclose(monday, [[0, 1]], atol=1e-6)  # the eighth of January 2024
    assert not np.allclose(found[24], found[0], atol=0.1)


def test_a_season_is_found_in_waves_and_not_in_walks():
    rng = np.random.default_rng(0)
    steps = np.arange(600)
    wave = np.sin(2 * np.pi * steps / 24) + 0.3 * rng.normal(size=600) + 0.01 * steps
    season, clarity = find_season([wave[:, None]])
    assert season == 24
    assert clarity > 0.5
    assert strengths([wave[:, None]], 24)[0] > 0.8
    walks = [rng.normal(size=600).cumsum()[:, None] for _ in range(20)]
    season, _ = find_season(walks)
    assert season == 1 or strengths(walks, season)[0] < 0.3
