"""Regular grids from dates: frequencies, gaps, and dates that cannot be right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.forecasting.frequency import Frequency, infer
from seqlab.tasks.forecasting.layout import observe, read_layout
from seqlab.tasks.forecasting.panel import build_panel


def panel_of(*frames: pd.DataFrame | None, **roles: str):
    tables = [None if f is None else Table(f, f"part{i}.csv") for i, f in enumerate(frames)]
    layout = read_layout(tables[0], roles)
    return build_panel([None if t is None else observe(t, layout) for t in tables], layout)


def daily(count=50, **columns) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=count)
    return pd.DataFrame({"ds": days, "y": np.arange(count, dtype=float), **columns})


@pytest.mark.parametrize(
    ("alias", "name", "season", "horizon"),
    [
        ("h", "1 hour", 24, 24),
        ("15min", "15 minutes", 96, 96),
        ("1min", "1 minute", 60, 60),
        ("D", "1 day", 7, 28),
        ("B", "1 working day", 5, 20),
        ("W-FRI", "1 week", 52, 13),
        ("MS", "1 month", 12, 12),
        ("ME", "1 month", 12, 12),
        ("QS", "1 quarter", 4, 4),
        ("QE", "1 quarter", 4, 4),
        ("YS", "1 year", 1, 6),
        ("10s", "10 seconds", 6, 6),
    ],
)
def test_frequencies_are_inferred_and_dates_continue(alias, name, season, horizon):
    dates = pd.date_range("2020-01-03", periods=90, freq=alias)
    grid = infer(dates[:60].to_numpy("M8[ns]"), np.zeros(60, int), "x.csv")
    assert str(grid) == name
    assert grid.season() == season
    assert grid.horizon(season) == horizon
    positions, exact = grid.positions(dates[:60].to_numpy())
    assert exact.all()
    np.testing.assert_array_equal(np.diff(positions), 1)
    after = grid.moments(positions[-1] + np.arange(1, 31))
    np.testing.assert_array_equal(after, dates[60:].to_numpy("M8[ns]"))


@given(
    st.sampled_from(
        [
            Frequency("fixed", 3600 * 10**6, 60 * 10**6),
            Frequency("months", 1, 0, 31),
            Frequency("months", 3, 2, 15),
            Frequency("months", 12, 5, 1),
            Frequency("weekdays"),
            Frequency("steps", phase=1),
        ]
    ),
    st.lists(st.integers(-250, 250), min_size=1, max_size=20),
)
def test_positions_and_dates_are_inverse(grid, places):
    positions = np.array(places, dtype=np.int64)
    back, exact = grid.positions(grid.moments(positions))
    np.testing.assert_array_equal(back, positions)
    assert exact.all()


def test_gaps_become_missing_values_and_are_counted():
    frame = daily().drop(index=[5, 6, 20])
    panel = panel_of(frame)
    assert panel.gaps == 3
    assert np.flatnonzero(np.isnan(panel.values[:, 0])).tolist() == [5, 6, 20]
    assert panel.moments(np.array([0]), np.array([21]))[0] == np.datetime64("2024-01-22")


def test_four_weeks_are_not_a_month():
    dates = pd.date_range("2024-01-01", periods=10, freq="28D")
    assert str(infer(dates.to_numpy("M8[ns]"), np.zeros(10, int), "x")) == "4 weeks"


def test_the_usual_gap_may_be_several_steps():
    hours = np.array([0, 2, 4, 5, 7, 8, 10, 12, 13, 15, 17, 18, 20])
    frame = pd.DataFrame({"ds": pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, "h")})
    panel = panel_of(frame.assign(y=1.0 * hours))
    assert str(panel.frequency) == "1 hour"
    assert panel.gaps == 8


def test_series_of_different_begin_share_one_grid():
    late = daily(20).assign(unique_id="b", ds=pd.date_range("2024-01-11", periods=20))
    panel = panel_of(pd.concat([daily().assign(unique_id="a"), late]))
    assert panel.series == ("a", "b")
    assert panel.lengths.tolist() == [50, 20]
    assert panel.first[1] - panel.first[0] == 10


def test_a_few_rows_off_the_grid_are_moved_and_counted():
    frame = daily()
    frame.loc[7, "ds"] += pd.Timedelta("2h")
    panel = panel_of(frame)
    assert panel.moved == 1
    assert not np.isnan(panel.values).any()


def test_values_missing_at_the_ends_are_cut_off():
    frame = daily()
    frame.loc[[0, 1, 48, 49], "y"] = np.nan
    panel = panel_of(frame)
    assert panel.lengths.tolist() == [46]
    assert panel.moments(np.array([0]), np.array([46]))[0] == np.datetime64("2024-02-18")


def test_a_series_without_values_is_left_out_by_name():
    empty = daily(20).assign(unique_id="gone", y=np.nan)
    panel = panel_of(pd.concat([daily().assign(unique_id="a"), empty]))
    assert panel.series == ("a",)
    assert panel.empty == ("gone",)


def test_what_is_taken_or_preceded_keeps_series_whole():
    frames = [daily(n).assign(unique_id=f"s{n}") for n in (30, 40, 50)]
    panel = panel_of(pd.concat(frames))
    taken = panel.take(np.array([2, 0]))
    assert taken.series == ("s50", "s30")
    np.testing.assert_array_equal(taken.values[:50, 0], np.arange(50))
    wider = taken.preceded(np.array([0, 5]))
    assert wider.lengths.tolist() == [50, 35]
    assert np.isnan(wider.values[50:55, 0]).all()
    np.testing.assert_array_equal(wider.values[55:85, 0], np.arange(30))
    day = wider.moments(np.array([1]), np.array([55]))[0]
    assert day == taken.moments(np.array([1]), np.array([50]))[0]


def broken(name: str) -> pd.DataFrame:
    frame = daily()
    match name:
        case "repeats":
            frame.loc[9, "ds"] = frame.loc[8, "ds"]
        case "backwards":
            frame = pd.concat([frame[:10], frame[5:]])
        case "irregular":
            steps = np.random.default_rng(0).integers(1, 10**6, len(frame)).cumsum()
            frame["ds"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(steps, "s")
        case "far":
            frame.loc[0, "ds"] = pd.Timestamp("1970-01-01")
        case "empty":
            frame["y"] = np.nan
            frame.loc[0, "y"] = np.nan
        case "series":
            frame = pd.concat([frame.assign(unique_id="a"), frame.assign(unique_id="b")])
            frame.iloc[70, 0] = frame.iloc[69, 0]
    return frame.reset_index(drop=True)


def test_rows_given_newest_first_make_the_same_panel():
    frame = broken("whole")
    one, other = panel_of(frame, target="y"), panel_of(frame[::-1], target="y")
    np.testing.assert_array_equal(one.values, other.values)
    assert (one.turned, other.turned) == (False, True)


IMPOSSIBLE = [
    ("repeats", '"part0.csv" column "ds" row 10: 2024-01-09 repeats', "--columns series="),
    ("backwards", '"part0.csv" column "ds" row 11: 2024-01-06 runs backwards', "sort the rows"),
    ("irregular", '"part0.csv" column "ds": the steps are irregular', "resample"),
    (
        "far",
        "the series reaches from 1970-01-01 to 2024-02-19 in steps of 1 day",
        "first and last dates",
    ),
    ("empty", "no values in y", "all cells are empty"),
    (
        "series",
        '"part0.csv" column "ds" row 71: 2024-01-20 of series "b" repeats',
        "one row for each date and series",
    ),
]


@pytest.mark.parametrize(("name", "message", "hint"), IMPOSSIBLE)
def test_dates_that_cannot_be_right(name, message, hint):
    frame = broken(name)
    with pytest.raises(UserError) as error:
        panel_of(frame, target="y")
    assert error.value.message.startswith(message)
    assert "\n" not in error.value.message
    assert hint in error.value.hint


def test_given_files_follow_on():
    frame = daily(60)
    panel = panel_of(frame[:30], frame[30:40], frame[40:])
    assert panel.given.tolist() == [[30, 40, 60]]
    np.testing.assert_array_equal(panel.values[:, 0], np.arange(60))


def test_given_rows_of_series_follow_on_by_name():
    names = [f"V{i}" for i in range(1, 12)]
    train = pd.DataFrame([["a", *range(10)], ["b", *range(100, 110)]], columns=names)
    test = pd.DataFrame([["b", *range(110, 120)], ["a", *range(10, 20)]], columns=names)
    panel = panel_of(train, None, test)
    assert panel.given.tolist() == [[10, 10, 20]] * 2
    np.testing.assert_array_equal(panel.values[:, 0], [*range(20), *range(100, 120)])


def test_files_that_overlap_are_refused():
    frame = daily(60)
    with pytest.raises(UserError) as error:
        panel_of(frame[:40], None, frame[35:])
    assert error.value.message == ('"part2.csv" begins before "part0.csv" has ended (the series)')
