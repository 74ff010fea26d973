"""What columns hold, which role they play, and moments of time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab.data.clock import parse_times
from seqlab.data.columns import describe, find, is_categorical, require
from seqlab.data.moments.finding import find_moments
from seqlab.data.series import numbers, numeric_columns
from seqlab.data.wide import find_wide
from seqlab.errors import UserError

N = 40
FRAME = pd.DataFrame(
    {
        "review": [f"this is review number {i} of many" for i in range(N)],
        "mood": ["good", "bad"] * (N // 2),
        "stars": [1, 2, 3, 4, 5] * (N // 5),
        "price": np.linspace(0, 1, N),
        "when": pd.date_range("2020-01-01", periods=N).astype(str),
        "code": [f"A{i:03d}" for i in range(N)],
        "row": range(N),
        "same": ["x"] * N,
        "nothing": [None] * N,
        "tokens": [["a", "b"]] * N,
        "flag": [True, False] * (N // 2),
    }
)


def test_kinds():
    assert {name: str(kind) for name, kind in describe(FRAME).items()} == {
        "review": "text",
        "mood": "category",
        "stars": "integer",
        "price": "number",
        "when": "date",
        "code": "identifier",
        "row": "identifier",
        "same": "constant",
        "nothing": "empty",
        "tokens": "list",
        "flag": "category",
    }


def test_classes_are_few_whole_values_that_repeat():
    assert is_categorical(FRAME["stars"])
    assert is_categorical(FRAME["flag"])
    assert not is_categorical(FRAME["price"])
    assert not is_categorical(FRAME["review"])


@pytest.mark.parametrize(
    ("names", "role", "column"),
    [
        ("text label", "text", "text"),
        ("Review Text,label", "text", "Review Text"),
        ("sentence label", "text", "sentence"),
        ("label rating id text", "label", "label"),
        ("unique_id ds y", "series", "unique_id"),
        ("unique_id ds y", "time", "ds"),
        ("unique_id ds y", "target", "y"),
        ("item_id timestamp target", "series", "item_id"),
        ("subject x y", "group", "subject"),
        ("text label split", "split", "split"),
    ],
)
def test_roles_by_name(names, role, column):
    columns = names.split(",") if "," in names else names.split()
    frame = pd.DataFrame({name: pd.date_range("2020", periods=3) for name in columns})
    found = find(frame, role)
    assert found.column == column
    assert column in found.sentence


def test_roles_by_content_and_choice():
    frame = FRAME[["review", "mood", "price"]].set_axis(["a", "b", "c"], axis=1)
    assert find(frame, "text").column == "a"
    assert find(frame, "label").column == "b"
    assert find(frame, "target").column == "c"
    assert find(frame, "text", given="b").sentence == ""
    assert find(frame, "group") is None


def test_the_finer_of_two_time_columns():
    frame = pd.DataFrame(
        {"date": ["2020-01-01"] * 4, "ts": [f"2020-01-01 0{i}:00:00" for i in range(4)]}
    )
    assert find(frame, "time").column == "ts"


def test_ambiguous_and_missing_columns_are_errors_that_list_them():
    frame = FRAME[["review", "mood"]].assign(again=FRAME["review"])
    with pytest.raises(UserError) as caught:
        find(frame.set_axis(["a", "b", "c"], axis=1), "text", origin="x.csv")
    assert caught.value.message == '"x.csv": several columns could be the text: a, c'
    assert "--columns text,label" in caught.value.hint
    with pytest.raises(UserError) as caught:
        require(FRAME[["review", "price"]], "label", origin="x.csv")
    assert caught.value.message == (
        '"x.csv": no column for the label among review (text), price (number)'
    )
    with pytest.raises(UserError) as caught:
        require(FRAME[["review"]], "label")
    assert "is the delimiter right" in caught.value.hint
    with pytest.raises(UserError, match=r'"x\.csv": unknown column "mod"; did you mean "mood"'):
        require(FRAME, "label", given="mod", origin="x.csv")


# -- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        (["2020-01-01", "2020-01-02"], "2020-01-01", "2020-01-02"),
        (["2020-01-01", "2020-01-01 01:00:00"], "2020-01-01", "2020-01-01 01:00"),
        (["1990/1/1 0:00", "1990/1/2 0:00"], "1990-01-01", "1990-01-02"),
        (["1749-01", "1749-02"], "1749-01-01", "1749-02-01"),
        (["30/12/2019", "31/12/2019"], "2019-12-30", "2019-12-31"),
        (["12/30/2019", "12/31/2019"], "2019-12-30", "2019-12-31"),
        (["01/02/2020", "02/02/2020", "03/02/2020"], "2020-01-02", "2020-03-02"),
        (["2020Q1", "2020Q4"], "2020-01-01", "2020-10-01"),
        (["2020-01-01T00:00:00+01:00", "2020-01-01T00:00:00Z"], "2019-12-31 23:00", "2020-01-01"),
        ([20200101, 20200102], "2020-01-01", "2020-01-02"),
        ([1990, 1991], "1990-01-01", "1991-01-01"),
        ([1577836800, 1577840400], "2020-01-01", "2020-01-01 01:00"),
    ],
)
def test_ways_to_write_a_date(written, first, last):
    times = parse_times(pd.Series(written), "x.csv")
    assert times.dtype == "datetime64[us]"
    assert times.iloc[0] == pd.Timestamp(first)
    assert times.iloc[-1] == pd.Timestamp(last)


def test_of_two_readings_the_one_in_order():
    times = parse_times(pd.Series(["11/01/2020", "12/01/2020", "01/02/2020"]), "x.csv")
    assert times.iloc[2] == pd.Timestamp("2020-02-01")


def test_dates_that_do_not_parse_name_the_row():
    column = pd.Series(["2020-01-01", "2020-13-45", "soon"], name="ds")
    with pytest.raises(UserError) as caught:
        parse_times(column, "x.csv")
    assert caught.value.message == '"x.csv" column "ds" row 2: "2020-13-45" is not a date'
    with pytest.raises(UserError, match="row 2: the date is missing"):
        parse_times(pd.Series(["2020-01-01", None], name="ds"), "x.csv")


def test_moments_from_parts_of_a_date():
    frame = pd.DataFrame({"year": 2010, "month": 1, "day": 1, "hour": range(3), "pm2.5": 1.0})
    moments = find_moments(frame, origin="x.csv")
    assert moments.columns == ("year", "month", "day", "hour")
    assert moments.times.iloc[2] == pd.Timestamp("2010-01-01 02:00")
    frame.loc[1, "month"] = 13
    with pytest.raises(UserError) as caught:
        find_moments(frame, origin="x.csv")
    assert caught.value.message == (
        '"x.csv" columns year, month, day, hour row 2: "2010-13-1-1" is not a date'
    )
    assert find_moments(FRAME[["review", "price"]]) is None


# -- series ------------------------------------------------------------------------------------


def test_rows_that_are_series():
    wide = pd.DataFrame(
        {
            "V1": ["H1", "H2"],
            **{f"V{i}": [float(i), i * 10.0] for i in range(2, 8)},
        }
    )
    wide.loc[1, ["V6", "V7"]] = np.nan
    wide.loc[0, "V3"] = np.nan
    found = find_wide(wide)
    assert found is not None
    long = found.long(wide, "x.csv")
    assert long[long["unique_id"] == "H2"]["y"].tolist() == [20.0, 30.0, 40.0, 50.0]
    assert long[long["unique_id"] == "H1"]["y"].isna().tolist() == [False, True] + [False] * 4
    assert long["step"].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    dated = wide.assign(V1=["2020-01-01", "2020-01-02"])
    assert find_wide(dated) is None


def test_columns_of_numbers():
    assert numeric_columns(FRAME, exclude=["stars"]) == ["price"]
    column = pd.DataFrame({"y": ["1", "2", "3,5", None]})
    with pytest.raises(UserError) as caught:
        numbers(column, "y", "x.csv")
    assert caught.value.message == '"x.csv" column "y" row 3: "3,5" is not a number'
    assert np.isnan(numbers(column.drop(2), "y", "x.csv")[2])


def test_columns_that_get_other_names_are_not_looked_at_again(monkeypatch):
    frame = pd.DataFrame({0: ["a b", "c d"], 1: [1.5, 2.5]})
    first = list(describe(frame).values())
    frame.columns = pd.Index(["text", "value"])
    monkeypatch.setattr("seqlab.data.columns.kind", None)
    assert describe(frame) == dict(zip(("text", "value"), first, strict=True))
