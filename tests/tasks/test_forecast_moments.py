"""Forecasts of ordinary files: their dates go on as the data write them, for new files too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.preparation import read
from tests.tasks.forecast_data import hourly

WAVE = 100 + 10 * np.sin(np.arange(200) * 2 * np.pi / 7)


def prepared(frame: pd.DataFrame, **settings):
    given = {"horizon": 3, "lookback": 12, "season": 1, **settings}
    sources = Sources(Table(frame, "data.csv"))
    return Forecast.prepare(sources, DataSpec.read(given, "data"), 0)[0]


def follows(task: Forecast, frame: pd.DataFrame) -> pd.DataFrame:
    """What a forecast after some data would be called, its values aside."""
    examples = task.encode(Table(frame, "new.csv"))
    shape = (len(examples), task.fitted.geometry.horizon, task.fitted.channels)
    return task.present(np.zeros(shape), examples)


def test_a_new_file_of_one_row_is_read_as_the_training_file(tmp_path):
    days = pd.date_range("2022-01-01", periods=200).strftime("%d/%m/%Y")
    task = prepared(pd.DataFrame({"date": days, "sales": WAVE})).task
    task.save(tmp_path)
    again = Forecast.load(tmp_path)
    assert again.fitted == task.fitted
    new = pd.DataFrame({"date": ["05/11/2022"], "sales": [130.0]})
    assert follows(again, new)["ds"].tolist() == ["06/11/2022", "07/11/2022", "08/11/2022"]
    with pytest.raises(UserError) as caught:
        follows(again, new.assign(date="11/31/2022"))
    assert caught.value.message == '"new.csv" column "date" row 1: "11/31/2022" is not a date'
    assert "DD/MM/YYYY" in caught.value.hint


@pytest.mark.parametrize(
    ("alias", "first", "expected"),
    [
        ("h", "2024-03-05 10:30", ["2024-03-05 11:30", "2024-03-05 12:30", "2024-03-05 13:30"]),
        ("W-SUN", "2024-03-06", ["2024-03-13", "2024-03-20", "2024-03-27"]),
        ("B", "2024-03-08", ["2024-03-11", "2024-03-12", "2024-03-13"]),
        ("ME", "2024-01-31", ["2024-02-29", "2024-03-31", "2024-04-30"]),
        ("BME", "2024-04-30", ["2024-05-31", "2024-06-28", "2024-07-31"]),
    ],
)
def test_one_row_says_where_the_steps_lie(alias, first, expected):
    dates = pd.date_range("2015-01-01", periods=200, freq=alias)
    task = prepared(pd.DataFrame({"ds": dates, "y": WAVE})).task
    new = pd.DataFrame({"ds": pd.to_datetime([first]), "y": [1.0]})
    assert follows(task, new)["ds"].tolist() == list(pd.to_datetime(expected))


def test_notes_say_what_was_read_and_what_was_doubtful():
    months = pd.date_range("2013-01-01", periods=96, freq="MS").strftime("%d/%m/%Y")
    reading = read(Sources(Table(pd.DataFrame({"date": months, "y": WAVE[:96]}), "x")), DataSpec())
    notes = "; ".join(reading[0].notes)
    assert "moments: 2013-01-01 to 2020-12-01, in steps of 1 month" in notes
    assert '"01/02/2013" can be 2013-02-01 or 2013-01-02: read with the day first' in notes
    assert "--set options.day_first=false" in notes


@pytest.mark.parametrize(
    ("options", "last"),
    [({"day_first": True}, "2013-02-08"), ({"day_first": False}, "2013-08-02"),
     ({"time_format": "%d/%m/%Y"}, "2013-02-08")],
)  # fmt: skip
def test_the_user_decides_the_order(options, last):
    cells = [f"{i:02d}/02/2013" for i in range(1, 9)]
    frame = pd.DataFrame({"date": cells, "y": WAVE[:8]})
    settings = DataSpec.read({"options": options, "horizon": 1, "lookback": 1}, "data")
    (reading,) = read(Sources(Table(frame, "x.csv")), settings)
    assert f"to {last}, in steps" in "; ".join(reading.notes)


def test_a_wrong_format_is_one_line():
    settings = DataSpec.read({"options": {"time_format": "%d/%Q"}}, "data")
    with pytest.raises(UserError, match=r'time format "%d/%Q": "%Q" is no field'):
        read(Sources(Table(hourly(100), "x.csv")), settings)
    dates = pd.DataFrame({"ds": hourly(100)["ds"].astype(str), "y": WAVE[:100]})
    settings = DataSpec.read({"options": {"time_format": "%d.%m.%Y"}}, "data")
    with pytest.raises(UserError, match='"2024-01-01 00:00:00" is not a date'):
        read(Sources(Table(dates, "x.csv")), settings)


def test_the_order_of_the_study_is_that_of_all_its_files():
    def part(first: str, days: int) -> Table:
        dates = pd.date_range(first, periods=days).strftime("%d/%m/%Y")
        return Table(pd.DataFrame({"date": dates, "y": WAVE[:days]}), "part.csv")

    tables = part("2022-01-01", 12), part("2022-01-13", 30), part("2022-02-12", 30)
    (reading,) = read(Sources(*tables), DataSpec.read({"horizon": 2, "lookback": 4}, "data"))
    assert "moments: 2022-01-01 to 2022-03-13" in "; ".join(reading.notes)


def test_rows_of_series_behind_several_words(tmp_path):
    dates = pd.date_range("2020-01-22", periods=60)
    head = ["Province/State,Country/Region,Lat,Long"]
    head += [f"{d.month}/{d.day}/{d:%y}" for d in dates]
    places = [("P0", "Land0"), ("", "Land0"), ("P2", "Land1"), ("", "Land1")]
    rows = [
        f"{province},{country},{i}.5,{i}.25," + ",".join(str(v + i) for v in WAVE[:60].round(2))
        for i, (province, country) in enumerate(places)
    ]
    path = tmp_path / "counts.csv"
    path.write_text(",".join(head) + "\n" + "\n".join(rows) + "\n")
    table = read_table(path)
    assert Forecast.recognise(table).score == 0.9
    settings = DataSpec.read({"horizon": 2, "lookback": 7, "season": 1}, "data")
    task = Forecast.prepare(Sources(table), settings, 0)[0].task
    assert task.fitted.series == ("P0/Land0", "Land0", "P2/Land1", "Land1")
    notes = read(Sources(table), settings)[0].layout.notes
    assert "not used: Lat, Long (to read them as inputs: --columns static=Lat+Long)" in notes
    one = follows(task, table.frame.iloc[[2]].reset_index(drop=True))
    assert one["unique_id"].tolist() == ["P2/Land1"] * 2
    assert one["ds"].tolist() == ["3/22/20", "3/23/20"]


@pytest.mark.parametrize("years", [range(1960, 2000), range(1900, 2021, 5)])
def test_years_as_names_of_columns_are_moments(years):
    frame = pd.DataFrame(
        {
            "Country": ["A", "B"],
            "Code": ["AA", "BB"],
            **{str(year): [float(year), 2.0 * year] for year in years},
            "Unnamed": [None, None],
        }
    )
    layout = read(Sources(Table(frame, "x")), DataSpec.read({"horizon": 1, "lookback": 3}, "d"))[0]
    assert layout.panel.series == ("A", "B")
    last, step = years[-1], years[1] - years[0]
    end = layout.panel.first[0] + layout.panel.lengths[0]
    moments = layout.panel.frequency.moments(np.array([end]))
    assert list(layout.layout.written(moments)) == [str(last + step)]


def test_numbered_steps_behind_several_words():
    frame = pd.DataFrame(
        {
            "id": ["a_1", "a_2", "b_1"],
            "item": ["a", "a", "b"],
            **{f"d_{i}": np.arange(3) + 0.5 * i for i in range(1, 41)},
        }
    )
    assert Forecast.recognise(Table(frame, "x")).score == 0.85
    (reading,) = read(Sources(Table(frame, "x")), DataSpec.read({"horizon": 2, "lookback": 5}, "d"))
    assert reading.panel.series == ("a_1", "a_2", "b_1")
    labelled = frame.rename(columns={"item": "label"})
    assert Forecast.recognise(Table(labelled, "x")).score < 0.5


def test_a_few_short_series_do_not_cut_the_settings_for_all():
    def series(name: str, steps: int) -> pd.DataFrame:
        dates = pd.date_range("2022-01-01", periods=steps)
        return pd.DataFrame({"unique_id": name, "ds": dates, "y": WAVE[np.arange(steps) % 200]})

    long = [series(f"long {i}", 800) for i in range(3)]
    short = [series(f"short {i}", 4 + i) for i in range(3)]
    alone = read(Sources(Table(pd.concat(long, ignore_index=True), "x")), DataSpec())[0]
    (mixed,) = read(Sources(Table(pd.concat(long + short, ignore_index=True), "x")), DataSpec())
    assert mixed.geometry == alone.geometry
    assert mixed.geometry.horizon == 28
    assert mixed.dropped == ("short 0", "short 1", "short 2")


def indexed(index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"target": WAVE[: len(index)]}, index=index)


DATES = pd.date_range("2022-01-01", periods=100)


def test_an_index_of_items_and_moments_is_kept():
    names = ["shop", "timestamp"]
    index = pd.MultiIndex.from_product([[7, 8], DATES], names=names)
    table = read_table(indexed(index))
    (reading,) = read(Sources(table), DataSpec.read({"horizon": 3}, "data"))
    assert reading.layout.series == ("shop",)
    assert reading.layout.targets == ("target",)
    assert reading.panel.lengths.tolist() == [100, 100]
    unnamed = read_table(indexed(pd.MultiIndex.from_product([["a", "b"], DATES])))
    assert list(unnamed.frame.columns) == ["item_id", "timestamp", "target"]
    with pytest.raises(UserError, match='"shop" as a column and in its index'):
        read_table(indexed(index).assign(shop=1))


def test_an_index_of_periods_is_kept():
    periods = pd.period_range("2010-01", periods=90, freq="M")
    table = read_table(indexed(periods))
    (reading,) = read(Sources(table), DataSpec.read({"horizon": 3}, "data"))
    end = reading.panel.first[0] + 90
    after = reading.layout.written(reading.panel.frequency.moments(end + np.arange(2)))
    assert list(after) == [pd.Period("2017-07", "M"), pd.Period("2017-08", "M")]
