"""Which columns play which role, in all the layouts that series come in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab.data.table import Table
from seqlab.data.wide import find_wide
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classify import Classify
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.layout import observe, read_layout

HOURS = pd.date_range("2024-01-01", periods=60, freq="h")
NOISE = np.random.default_rng(0).normal(size=60)


def table(**columns) -> Table:
    return Table(pd.DataFrame(columns), "sales.csv")


def layout_of(data: Table, **roles):
    return read_layout(data, roles)


@pytest.mark.parametrize("names", [("unique_id", "ds", "y"), ("item_id", "timestamp", "target")])
def test_long_tables(names):
    frame = pd.DataFrame(
        dict(zip(names, (["a", "b"] * 30, HOURS.repeat(2)[:60], NOISE), strict=True))
    )
    data = Table(frame, "sales.csv")
    layout = layout_of(data)
    assert (layout.series, layout.time, layout.targets) == ((names[0],), (names[1],), (names[2],))
    assert Forecast.recognise(data).score == 1.0
    seen = observe(data, layout)
    assert list(seen.series[:2]) == ["a", "b"]
    np.testing.assert_array_equal(seen.values[:, 0], NOISE)


def test_a_wide_table_makes_every_column_a_channel():
    data = table(date=HOURS.astype(str), HUFL=NOISE, OT=2 * NOISE)
    layout = layout_of(data)
    assert layout.targets == ("HUFL", "OT")
    assert layout.series == ()
    assert any("--columns target=OT" in note for note in layout.notes)
    assert Forecast.recognise(data).score == 0.9


def test_a_known_name_is_the_target_and_the_rest_is_said():
    data = table(date=HOURS.astype(str), price=NOISE, sales=NOISE, promo=NOISE)
    layout = layout_of(data)
    assert layout.targets == ("sales",)
    assert any("covariates=price+promo" in note for note in layout.notes)


def test_a_time_that_cannot_be_read_is_said(tmp_path):
    weeks = [f"{d:%Y-%m-%d} - {d + pd.Timedelta('6D'):%Y-%m-%d}" for d in HOURS.normalize()]
    data = table(week=weeks, sales=NOISE, remark=["fine", "dull"] * 30)
    findings = Forecast.inspect(Sources(data), DataSpec(), 0)
    (said,) = [f for f in findings if "named as a time" in f.title]
    assert said.severity == "warning"
    assert said.title == 'column "week" is named as a time, but its cells cannot be read as moments'
    assert said.detail == f'such as "{weeks[0]}"; the steps are counted'
    (unused,) = [f for f in findings if f.title.startswith("columns that are not used")]
    assert "week" in unused.detail
    assert "remark" in unused.detail
    read = Forecast.inspect(Sources(table(week=HOURS.astype(str), sales=NOISE)), DataSpec(), 0)
    assert not [f for f in read if "named as a time" in f.title or "not used" in f.title]


def test_moments_are_told_on_the_clock_of_the_data():
    hours = HOURS.tz_localize("UTC").tz_convert("Asia/Kolkata")
    data = table(ds=[t.isoformat() for t in hours], sales=NOISE)
    findings = Forecast.inspect(Sources(data), DataSpec(), 0)
    told = " ".join(f"{f.title} {f.detail}" for f in findings)
    assert "moments: 2024-01-01 05:30:00 to 2024-01-03 16:30:00" in told
    assert "from 2024-01-01 05:30:00 to 2024-01-03 16:30:00" in told


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"year": [2021] * 52 + [2022] * 8}, {"week": [f"W{w % 52 + 1:02}" for w in range(60)]}),
        (
            {"date": HOURS.strftime("%Y%m%d").astype(int)},
            {"time": HOURS.strftime("%H%M").to_numpy()},
        ),
    ],
)
def test_words_that_are_moments_together_are_no_classes(first, second):
    data = table(**first, **second, sales=NOISE)
    assert Forecast.recognise(data).score > Classify.recognise(data).score
    assert layout_of(data).targets == ("sales",)


def test_date_in_parts_with_a_pollutant():
    data = table(
        No=np.arange(1, 61),
        year=HOURS.year,
        month=HOURS.month,
        day=HOURS.day,
        hour=HOURS.hour,
        **{"pm2.5": NOISE, "TEMP": NOISE, "cbwd": ["NW", "SE"] * 30},
    )
    layout = layout_of(data)
    assert layout.time == ("year", "month", "day", "hour")
    assert layout.targets == ("pm2.5",)
    np.testing.assert_array_equal(observe(data, layout).moments, HOURS.to_numpy("M8[ns]"))


def test_columns_that_repeat_the_date_are_no_targets():
    data = table(ds=HOURS, day_of_week=HOURS.dayofweek, births=NOISE)
    assert layout_of(data).targets == ("births",)


def test_one_row_a_series_without_dates():
    frame = pd.DataFrame({"V1": ["H1", "H2"], **{f"V{i}": [i, 10.0 * i] for i in range(2, 12)}})
    frame.loc[1, "V11"] = np.nan
    data = Table(frame, "m4.csv")
    layout = layout_of(data)
    assert layout.by_row
    seen = observe(data, layout)
    assert (seen.series == "H1").sum() == 10
    assert (seen.series == "H2").sum() == 9
    assert seen.moments is None


def test_one_row_a_series_under_a_header_of_dates():
    days = pd.date_range("2015-07-01", periods=12).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"Page": ["x", "y"], **{day: [1.0, 2.0] for day in days}})
    data = Table(frame, "pages.csv")
    layout = layout_of(data)
    seen = observe(data, layout)
    assert seen.moments is not None
    np.testing.assert_array_equal(
        seen.moments[seen.series == "y"], pd.DatetimeIndex(days).to_numpy("M8[ns]")
    )


@pytest.mark.parametrize("name", ["{}", "X{}", "{0} [YR{0}]", "F{}"])
def test_years_on_top_in_the_ways_of_exports(name):
    years = range(1990, 2010)
    columns = {name.format(year): NOISE[i * 3 : i * 3 + 3] for i, year in enumerate(years)}
    data = table(land=["x", "y", "z"], code=["a", "b", "c"], **columns, Total=[1.0, 2.0, 3.0])
    seen = observe(data, read_layout(data, {}))
    assert seen.moments is not None
    assert str(seen.moments[0])[:4] == "1990"
    assert str(seen.moments[19])[:4] == "2009"
    assert any("not used: code, Total" in note for note in read_layout(data, {}).notes)


def test_whole_numbers_name_series_that_have_every_date():
    data = table(
        ds=list(HOURS[:20].astype(str)) * 3,
        shop=np.repeat([12, 7, 3], 20),
        sales=np.arange(60) % 7,
    )
    assert layout_of(data).series == ("shop",)
    scattered = table(ds=list(HOURS[:20].astype(str)) * 3, sales=np.arange(60), other=NOISE)
    assert layout_of(scattered).series == ()


def test_one_column_of_numbers_is_a_series():
    data = table(load=NOISE)
    assert layout_of(data).targets == ("load",)
    assert 0.5 < Forecast.recognise(data).score < 0.9


def test_several_columns_together_tell_series_apart():
    frame = pd.DataFrame(
        [(s, i, d, 1.0) for s in (1, 2) for i in (1, 2) for d in HOURS[:5]],
        columns=["store", "item", "date", "sales"],
    )
    data = Table(frame, "sales.csv")
    layout = layout_of(data)
    assert layout.series == ("store", "item")
    assert set(observe(data, layout).series) == {"1/1", "1/2", "2/1", "2/2"}


def test_words_that_tell_dates_apart_are_series():
    data = table(
        date=np.tile(HOURS[:30].astype(str), 2), town=["Ulm"] * 30 + ["Ravensburg"] * 30, y=NOISE
    )
    layout = layout_of(data)
    assert layout.series == ("town",)
    assert any("it tells the dates apart" in note for note in layout.notes)


def test_roles_by_name_and_several_joined():
    data = table(ds=HOURS, a=NOISE, b=NOISE, c=NOISE)
    layout = layout_of(data, target="a+b", covariates="c")
    assert layout.targets == ("a", "b")
    assert layout.covariates == ("c",)
    assert observe(data, layout).values.shape == (60, 3)


def test_texts_and_labels_are_not_forecast():
    data = table(
        date=HOURS.astype(str),
        text=[f"a long and windy sentence, number {i}, of a review" for i in range(60)],
        rating=[1, 5] * 30,
    )
    assert Forecast.recognise(data).score < 0.5
    words = table(name=[f"word {i} and more words" for i in range(60)], label=["a", "b"] * 30)
    assert Forecast.recognise(words).score == 0.0


IMPOSSIBLE = [
    (
        {"ds": HOURS, "y": NOISE},
        {"tagret": "y"},
        'unknown role in --columns for forecasts "tagret"; did you mean "target"?',
    ),
    ({"ds": HOURS, "y": NOISE}, {"target": "yy"}, '"yy"; did you mean "y"?'),
    (
        {"ds": HOURS, "w": ["a", "b"] * 30},
        {},
        '"sales.csv": no column of numbers to forecast among: ds (date), w (category)',
    ),
    ({"ds": HOURS, "y": NOISE}, {"covariates": "y"}, '"y" already has another role'),
]


@pytest.mark.parametrize(("columns", "roles", "message"), IMPOSSIBLE)
def test_roles_that_cannot_be(columns, roles, message):
    with pytest.raises(UserError) as error:
        read_layout(table(**columns), roles)
    assert message in error.value.message


def bad(name: str):
    dates = HOURS.strftime("%Y-%m-%d %H:%M").to_list()
    values = NOISE.tolist()
    match name:
        case "infinite":
            values[4] = np.inf
        case "zones":
            dates[7] += "+01:00"
        case "series":
            return table(unique_id=["a", "b", None] * 20, ds=dates, y=values)
        case "date":
            dates[3] = "soon"
    return table(ds=dates, y=values)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("infinite", '"sales.csv" column "y" row 5: infinite value'),
        (
            "zones",
            '"sales.csv" column "ds" row 8: "2024-01-01 07:00+01:00" has a time zone,'
            ' unlike "2024-01-01 00:00" before',
        ),
        ("series", '"sales.csv" column "unique_id" row 3: the series is missing'),
        ("date", '"sales.csv" column "ds" row 4: "soon" is not a date'),
    ],
)
def test_cells_that_cannot_be(name, message):
    data = bad(name)
    with pytest.raises(UserError) as error:
        observe(data, read_layout(data, {}))
    assert error.value.message == message


def test_new_data_must_have_the_columns_trained_on():
    layout = layout_of(table(ds=HOURS, y=NOISE))
    with pytest.raises(UserError, match='has no column "y"'):
        observe(table(ds=HOURS, value=NOISE), layout)


def test_wide_tables_are_told_by_cheap_checks(monkeypatch):
    """Describing thousands of columns takes seconds; names and types say enough."""
    monkeypatch.setattr("seqlab.data.columns.describe", None)
    values = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 900)))
    values.columns = [f"V{i}" for i in range(2, 902)]
    values.insert(0, "V1", [f"H{i}" for i in range(40)])
    assert find_wide(values) is not None
    assert find_wide(values.rename(columns={"V7": "price"})) is None
    dates = pd.date_range("2024-01-01", periods=40).astype(str)
    assert find_wide(values.assign(V1=dates)) is None
