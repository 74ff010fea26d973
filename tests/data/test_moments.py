"""Every way to write moments: what is read, how it is written, and that new data are read alike."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from seqlab.data.moments.finding import Moments, find_moments
from seqlab.data.moments.forms import looks_like_dates
from seqlab.errors import UserError
from seqlab.tasks.forecasting.frequency import infer

COUNT, AHEAD = 60, 30


def quarter(index: pd.DatetimeIndex, pattern: str) -> list[str]:
    return [pattern.format(year=d.year, short=d.year % 100, q=d.quarter) for d in index]


def roman_quarter(index: pd.DatetimeIndex) -> list[str]:
    return [f"{('I', 'II', 'III', 'IV')[d.quarter - 1]} {d.year}" for d in index]


def iso_week(index: pd.DatetimeIndex, pattern: str) -> list[str]:
    calendar = [d.isocalendar() for d in index]
    return [pattern.format(year=c.year, week=c.week) for c in calendar]


def months_named(index: pd.DatetimeIndex, names: str, pattern: str) -> list[str]:
    words = names.split()
    return [pattern.format(name=words[d.month - 1], year=d.year, short=d.year % 100) for d in index]


def strftime(pattern: str):
    return lambda index: index.strftime(pattern).tolist()


def unpadded(pattern: str):
    return lambda index: [
        pattern.format(d=d.day, m=d.month, y=d.year, s=d.year % 100, H=d.hour, M=d.minute)
        for d in index
    ]


ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
GERMAN = "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"
FRENCH = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."
FULL = "January February March April May June July August September October November December"

WAYS = [
    # name, alias of pandas, how the index is written
    ("iso days", "D", strftime("%Y-%m-%d")),
    ("slashes, year first", "D", strftime("%Y/%m/%d")),
    ("dots, day first", "D", strftime("%d.%m.%Y")),
    ("slashes, day first", "D", strftime("%d/%m/%Y")),
    ("slashes, month first", "D", strftime("%m/%d/%Y")),
    ("month first without zeros", "D", unpadded("{m}/{d}/{s:02d}")),
    ("day first without zeros", "D", unpadded("{d}.{m}.{y}")),
    ("compact text", "D", strftime("%Y%m%d")),
    ("compact, day first", "D", strftime("%d%m%Y")),
    ("compact, month first", "D", strftime("%m%d%Y")),
    ("named months", "D", strftime("%d %b %Y")),
    ("named months, short years", "D", strftime("%d-%b-%y")),
    ("full names", "D", strftime("%B %d, %Y")),
    ("with days of the week", "D", strftime("%a, %d %b %Y")),
    ("iso hours", "h", strftime("%Y-%m-%d %H:%M:%S")),
    ("hours with T", "h", strftime("%Y-%m-%dT%H:%M")),
    ("hours, day first", "h", strftime("%d/%m/%Y %H:%M")),
    ("hours of twelve", "h", strftime("%m/%d/%Y %I:%M %p")),
    ("hours without minutes", "h", strftime("%Y-%m-%d %H")),
    ("hours without a zero", "h", unpadded("{y}/{m}/{d} {H}:{M:02d}")),
    ("seconds", "10s", strftime("%Y-%m-%d %H:%M:%S")),
    ("milliseconds", "250ms", lambda i: [t.isoformat(" ", "milliseconds") for t in i]),
    ("quarters of an hour, UTC", "15min", strftime("%Y-%m-%dT%H:%M:%SZ")),
    ("an offset", "h", strftime("%Y-%m-%d %H:%M:%S+05:30")),
    ("an offset without colon", "h", strftime("%Y-%m-%dT%H:%M:%S-0300")),
    ("a short zone", "h", strftime("%Y-%m-%d %H:%M UTC")),
    ("working days", "B", strftime("%d.%m.%Y")),
    ("working days at four", "B", strftime("%Y-%m-%d 16:30")),
    ("Sunday to Thursday", pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu"),
     strftime("%Y-%m-%d")),
    ("Monday to Saturday", pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat"),
     strftime("%Y-%m-%d")),
    ("Mondays, Wednesdays, Fridays", pd.offsets.CustomBusinessDay(weekmask="Mon Wed Fri"),
     strftime("%Y-%m-%d")),
    ("weeks by their Fridays", "W-FRI", strftime("%m/%d/%Y")),
    ("weeks", "W-MON", lambda i: iso_week(i, "{year}-W{week:02d}")),
    ("weeks by number", "W-MON", lambda i: iso_week(i, "{year}-{week:02d}")),
    ("weeks, number first", "W-MON", lambda i: iso_week(i, "{week}/{year}")),
    ("weeks without a dash", "W-MON", lambda i: iso_week(i, "{year}W{week:02d}")),
    ("calendar weeks", "W-MON", lambda i: iso_week(i, "KW {week} {year}")),
    ("first days of months, day first", "MS", strftime("%d.%m.%Y")),
    ("first days of months, slashes", "MS", strftime("%d/%m/%Y")),
    ("last days of months", "ME", strftime("%m/%d/%Y")),
    ("last working days", "BME", strftime("%Y-%m-%d")),
    ("first working days", "BMS", strftime("%Y-%m-%d")),
    ("third Fridays", pd.offsets.WeekOfMonth(week=2, weekday=4), strftime("%Y-%m-%d")),
    ("1st and 15th", "SMS", strftime("%Y-%m-%d")),
    ("15th and last days", "SME", strftime("%d.%m.%Y")),
    ("first Mondays", pd.offsets.WeekOfMonth(week=0, weekday=0), strftime("%d.%m.%Y")),
    ("last Thursdays", pd.offsets.LastWeekOfMonth(weekday=3), strftime("%Y-%m-%d")),
    ("every four weeks", "4W-FRI", strftime("%Y-%m-%d")),
    ("mid-months", "MS", lambda i: (i + pd.Timedelta("14D")).strftime("%Y-%m-%d").tolist()),
    ("months", "MS", strftime("%Y-%m")),
    ("months, month first", "MS", strftime("%m/%Y")),
    ("months with M", "MS", lambda i: [f"{d.year}M{d.month:02d}" for d in i]),
    ("months by name", "MS", lambda i: months_named(i, ENGLISH, "{name} {year}")),
    ("months of a sheet", "MS", lambda i: months_named(i, ENGLISH, "{name}-{short:02d}")),
    ("months in full", "MS", lambda i: months_named(i, FULL, "{name} {year}")),
    ("months, loud", "MS", lambda i: months_named(i, ENGLISH.upper(), "{year} {name}")),
    ("months in German", "MS", lambda i: months_named(i, GERMAN, "{name} {year}")),
    ("months in French", "MS", lambda i: months_named(i, FRENCH, "{name} {year}")),
    ("quarters", "QS", lambda i: quarter(i, "{year}Q{q}")),
    ("quarters, a dash", "QS", lambda i: quarter(i, "{year}-Q{q}")),
    ("quarters, a blank", "QS", lambda i: quarter(i, "{year} Q{q}")),
    ("quarters first", "QS", lambda i: quarter(i, "Q{q} {year}")),
    ("quarters, short years", "QS", lambda i: quarter(i, "Q{q}/{short:02d}")),
    ("quarters, number first", "QS", lambda i: quarter(i, "{q}Q{year}")),
    ("quarters by number", "QS", lambda i: quarter(i, "{year}:{q}")),
    ("quarters by number first", "QS", lambda i: quarter(i, "{q}/{year}")),
    ("quarters in Roman digits", "QS", roman_quarter),
    ("last days of quarters", "QE", strftime("%Y-%m-%d")),
    ("half-years", "6MS", lambda i: [f"{d.year}-H{d.quarter // 2 + 1}" for d in i]),
    ("years", "YS", strftime("%Y")),
    ("financial years", "YS", strftime("FY%Y")),
    ("seasons", "YS", lambda i: [f"{d.year}/{(d.year + 1) % 100:02d}" for d in i]),
    ("seasons in full", "YS", lambda i: [f"{d.year}-{d.year + 1}" for d in i]),
    ("financial years over two", "YS", lambda i: [f"FY{y}-{(y + 1) % 100:02d}" for y in i.year]),
    ("open hours", "bh", strftime("%Y-%m-%d %H:%M")),
    ("days without nights", pd.offsets.CustomBusinessHour(start="06:00", end="18:00",
     weekmask="1111111"), strftime("%d.%m.%Y %H:%M")),
    ("last days of years", "YE", strftime("%d.%m.%Y")),
]  # fmt: skip


def learned(cells, name: str = "date") -> tuple[Moments, pd.Series]:
    found = find_moments(pd.DataFrame({name: cells}), given=name, origin="x.csv")
    return found.moments, found.times


def continued(times: pd.Series, steps: int) -> np.ndarray:
    """The moments that a forecast would have."""
    stamps = times.to_numpy("M8[us]")
    grid = infer(stamps, np.zeros(len(stamps), int), "x.csv")
    positions, _ = grid.positions(stamps)
    return grid.moments(positions[-1] + 1 + np.arange(steps))


@pytest.mark.parametrize(("name", "alias", "write"), WAYS, ids=[way[0] for way in WAYS])
def test_what_follows_is_written_as_the_data_are(name, alias, write):
    index = pd.date_range("1999-02-01", periods=COUNT + AHEAD, freq=alias)
    cells = write(index)
    moments, times = learned(cells[:COUNT])
    assert moments.read(pd.DataFrame({"date": cells[:COUNT]}), "x.csv").equals(times)
    assert list(moments.write(times.to_numpy())) == cells[:COUNT]
    assert list(moments.write(continued(times, AHEAD))) == cells[COUNT:]
    saved = Moments.from_plain(json.loads(json.dumps(asdict(moments))))
    for row in (0, COUNT - 1, COUNT + 5):  # a file of one row says nothing by itself
        one = saved.read(pd.DataFrame({"date": cells[row : row + 1]}), "new.csv")
        assert list(saved.write(one.to_numpy())) == cells[row : row + 1]


EPOCH = pd.date_range("2021-03-01", periods=COUNT + AHEAD, freq="h").to_numpy("M8[s]").astype(int)
DAYS = pd.date_range("2021-03-01", periods=COUNT + AHEAD)
MONTHS = pd.date_range("2015-01-01", periods=COUNT + AHEAD, freq="MS")
NUMBERS = {
    "s": EPOCH,
    "ms": EPOCH * 10**3,
    "us": EPOCH * 10**6,
    "ns": EPOCH * 10**9,
    "s as fractions": EPOCH + 0.5,
    "half seconds": EPOCH[0] + 0.5 * np.arange(COUNT + AHEAD),
    "days": DAYS.strftime("%Y%m%d").astype(int).to_numpy(),
    "minutes": pd.date_range("2021-03-01", periods=COUNT + AHEAD, freq="min")
    .strftime("%Y%m%d%H%M")
    .astype(int)
    .to_numpy(),
    "months": MONTHS.strftime("%Y%m").astype(int).to_numpy(),
    "years": np.arange(1800, 1800 + COUNT + AHEAD),
    "sheet": (DAYS - pd.Timestamp("1899-12-30")).days.to_numpy(),
    "sheet with hours": 44256 + np.arange(COUNT + AHEAD) / 24,
    "fractions of years": np.round(MONTHS.year + (MONTHS.month - 1) / 12, 3).to_numpy(),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_are_moments_go_on_as_numbers(name):
    cells = NUMBERS[name]
    moments, times = learned(cells[:COUNT])
    assert times.iloc[1] - times.iloc[0] > pd.Timedelta(0)
    after = moments.write(continued(times, AHEAD))
    assert np.asarray(after).dtype == cells.dtype
    np.testing.assert_allclose(after, cells[COUNT:], rtol=1e-12)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_counts_that_are_written_as_texts_go_on_as_texts(unit):
    cells = NUMBERS[unit].astype(str).astype(object)
    moments, times = learned(pd.Series(cells[:COUNT], dtype="str"))
    assert list(moments.write(times.to_numpy())) == list(cells[:COUNT])
    assert list(moments.write(continued(times, AHEAD))) == list(cells[COUNT:])
    saved = Moments.from_plain(json.loads(json.dumps(asdict(moments))))
    one = saved.read(pd.DataFrame({"date": cells[:1]}), "new.csv")
    assert list(saved.write(one.to_numpy())) == list(cells[:1])


@pytest.mark.parametrize("name", ["Open time", "unix", "UnixTime", "timestamp_ms", "created_at_ts"])
def test_long_numbers_are_moments_under_a_name_that_says_so(name):
    found = find_moments(pd.DataFrame({name: EPOCH, "y": 1.0}))
    assert found is not None
    assert found.times.iloc[0] == pd.Timestamp("2021-03-01")
    assert find_moments(pd.DataFrame({name: np.arange(COUNT), "y": 1.0})) is None
    assert find_moments(pd.DataFrame({"price": EPOCH, "y": 1.0})) is None


def test_moments_without_their_zeros_are_written_with_them():
    index = pd.date_range("2022-01-01", periods=COUNT + 2, freq="500ms")
    moments, times = learned([t.isoformat() for t in index[:COUNT]])
    assert list(moments.write(continued(times, 2))) == [
        "2022-01-01T00:00:30.000000",
        "2022-01-01T00:00:30.500000",
    ]


def test_a_month_13_is_a_slip_and_no_week():
    with pytest.raises(UserError, match='row 12: "2020-13" is not a date'):
        learned([*(f"2020-{month:02d}" for month in range(1, 12)), "2020-13"])
    _, times = learned([f"2020-{week:02d}" for week in range(1, 14)], "week")
    assert times.iloc[12] == pd.Timestamp("2020-03-23")


def test_a_clock_without_a_day_is_no_time_of_the_rows():
    months = pd.date_range("2013-01-01", periods=12, freq="MS").strftime("%Y%m").astype(int)
    found = find_moments(pd.DataFrame({"time": months, "y": 1.0}))
    assert found is not None
    assert found.times.iloc[11] == pd.Timestamp("2013-12-01")


def test_clocks_a_little_late_are_rounded_to_the_step():
    late = np.random.default_rng(0).integers(0, 5, COUNT)
    _, times = learned(EPOCH[:COUNT] * 1000 + 320 + late)
    expected = EPOCH[COUNT : COUNT + 2] * 1000 + 320
    np.testing.assert_array_equal(continued(times, 2), expected.astype("M8[ms]"))


ZONED = [
    ("Europe/Berlin", "h", "%z"),
    ("Europe/Berlin", "D", "%z"),
    ("America/New_York", "h", " %Z"),
    ("America/New_York", "15min", "%z"),
    ("Europe/London", "D", "%z"),
]


@pytest.mark.parametrize(("zone", "alias", "suffix"), ZONED)
def test_summer_time_comes_and_goes_as_in_the_region(zone, alias, suffix):
    count = {"h": 24 * 240, "D": 240, "15min": 96 * 240}[alias]
    index = pd.date_range("2023-01-10", periods=count + count // 4, freq=alias, tz=zone)
    cells = [t.strftime(f"%Y-%m-%d %H:%M{suffix}") for t in index]
    moments, times = learned(cells[:count])
    after = moments.write(continued(times, count // 4))
    assert list(after) == cells[count:]
    assert zone in moments.form.words()


@pytest.mark.parametrize(("zone", "alias"), [("Asia/Kolkata", "h"), ("Europe/Berlin", "D")])
def test_moments_with_a_type_of_their_own_keep_it(zone, alias):
    index = pd.date_range("2023-01-10", periods=120, freq=alias, tz=zone)
    moments, times = learned(index[:90])
    after = moments.write(continued(times, 30))
    assert (after == index[90:]).all()
    assert str(after.tz) == zone
    periods = pd.period_range("2020Q1", periods=40, freq="Q")
    moments, times = learned(periods[:30])
    assert (moments.write(continued(times, 10)) == periods[30:]).all()


PARTS = pd.date_range("2019-11-28 20:00", periods=COUNT + AHEAD, freq="h")
QUARTERS = pd.date_range("1990-01-01", periods=COUNT + AHEAD, freq="QS")
WEEKS = pd.date_range("2019-12-02", periods=COUNT + AHEAD, freq="W-MON").isocalendar()
TOGETHER = {
    "date and time": (
        {"Date": PARTS.strftime("%d/%m/%Y"), "Time": PARTS.strftime("%H:%M:%S")},
        PARTS.strftime("%d/%m/%Y %H:%M:%S"),
    ),
    "date and hour": (
        {"date": PARTS.strftime("%Y-%m-%d"), "hour": PARTS.hour},
        PARTS.strftime("%Y-%m-%d %H:%M"),
    ),
    "year to hour": (
        {"year": PARTS.year, "month": PARTS.month, "day": PARTS.day, "hour": PARTS.hour},
        PARTS.strftime("%Y-%m-%d %H:%M"),
    ),
    "year and month": ({"Year": MONTHS.year, "Month": MONTHS.month}, MONTHS.strftime("%Y-%m")),
    "year and name": (
        {"Year": MONTHS.year, "Month": MONTHS.strftime("%B")},
        MONTHS.strftime("%Y-%m"),
    ),
    "date and clock with points": (
        {"Date": PARTS.strftime("%d/%m/%Y"), "Time": PARTS.strftime("%H.%M.%S")},
        PARTS.strftime("%d/%m/%Y %H.%M.%S"),
    ),
    "date and digits": (
        {"date": PARTS.strftime("%Y%m%d").astype(int), "time": 100 * PARTS.hour},
        PARTS.strftime("%Y%m%d %H%M"),
    ),
    "date and six digits": (
        {"date": PARTS.strftime("%Y%m%d").astype(int), "time": PARTS.strftime("%H%M%S")},
        PARTS.strftime("%Y%m%d %H%M%S"),
    ),
    "short names": (
        {"YEAR": PARTS.year, "MO": PARTS.month, "DY": PARTS.day, "HR": PARTS.hour},
        PARTS.strftime("%Y-%m-%d %H:%M"),
    ),
    "months and minutes of one name": (
        {"YY": PARTS.year % 100, "MM": PARTS.month, "DD": PARTS.day, "hh": PARTS.hour, "mm": 30},
        PARTS.strftime("%Y-%m-%d %H:30"),
    ),
    "year and quarter": (
        {"year": QUARTERS.year, "quarter": [f"Q{q}" for q in QUARTERS.quarter]},
        [f"{d.year}Q{d.quarter}" for d in QUARTERS],
    ),
    "year and number": (
        {"year": QUARTERS.year, "qtr": QUARTERS.quarter},
        [f"{d.year}Q{d.quarter}" for d in QUARTERS],
    ),
    "year and week": (
        {"year": WEEKS.year.to_numpy(), "week": WEEKS.week.to_numpy()},
        [f"{year}-W{week:02d}" for year, week in zip(WEEKS.year, WEEKS.week, strict=True)],
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_columns_that_are_moments_together(name):
    columns, cells = TOGETHER[name]
    frame = pd.DataFrame({"y": np.ones(COUNT + AHEAD)})
    frame = frame.assign(**{key: np.asarray(column) for key, column in columns.items()})
    found = find_moments(frame[:COUNT], origin="x.csv")
    assert set(found.columns) == set(columns)
    assert found.sentence == f"time: columns {', '.join(columns)} joined"
    assert list(found.moments.write(continued(found.times, AHEAD))) == list(cells)[COUNT:]
    one = found.moments.read(frame[COUNT : COUNT + 1], "new.csv")
    assert list(found.moments.write(one.to_numpy())) == list(cells)[COUNT : COUNT + 1]


def test_the_order_is_learned_from_every_file():
    first = pd.DataFrame({"date": ["01/02/2022", "02/02/2022", "03/02/2022"]})
    alone = find_moments(first)
    assert alone.times.iloc[2] == pd.Timestamp("2022-03-02")
    assert alone.moments.form.remark == (
        '"01/02/2022" can be 2022-01-02 or 2022-02-01: read with the month first, the usual reading'
        " (to change: --set options.day_first=true)"
    )
    later = pd.DataFrame({"date": ["14/02/2022"]})
    together = find_moments(first, others=[later])
    assert together.times.iloc[2] == pd.Timestamp("2022-02-03")
    assert together.moments.form.remark == ""
    assert find_moments(first, day_first=True).times.iloc[2] == pd.Timestamp("2022-02-03")
    assert find_moments(first, pattern="%d/%m/%Y").times.iloc[2] == pd.Timestamp("2022-02-03")


def test_midnights_may_be_written_without_a_time():
    index = pd.date_range("2022-01-01", periods=COUNT, freq="h")
    cells = [f"{t:%d/%m/%Y}" if t.hour == 0 else f"{t:%d/%m/%Y %H:%M}" for t in index]
    moments, times = learned(cells)
    assert list(times) == list(index)
    assert list(moments.write(index.to_numpy())) == cells


def test_moments_beyond_nanoseconds():
    cells = ["0999-12-31", "1600-01-01", "9999-12-31"]
    moments, times = learned(cells)
    assert list(moments.write(times.to_numpy())) == cells


NO_MOMENTS = [
    (["2020-01-01", "2020-02-30"], 'row 2: "2020-02-30" is not a date'),
    (["2020-W52", "2021-W53"], 'row 2: "2021-W53" is not a date'),
    (["2020Q4", "2021Q5"], 'row 2: "2021Q5" is not a date'),
    (["Jan 2020", "Fob 2020"], 'row 2: "Fob 2020" is not a date'),
    (["01/02/2020 10:00", "01/02/2020 25:00"], 'row 2: "01/02/2020 25:00" is not a date'),
    (["2020-01-01 10:00 XYZ"], 'row 1: "2020-01-01 10:00 XYZ" is not a date'),
    (["2020-01-01", None], "row 2: the date is missing"),
]


@pytest.mark.parametrize(("cells", "message"), NO_MOMENTS)
def test_what_is_no_moment_is_named(cells, message):
    with pytest.raises(UserError) as caught:
        learned(cells)
    assert caught.value.message == f'"x.csv" column "date" {message}'


def test_new_data_that_could_be_either_are_read_as_the_study_was():
    moments, _ = learned([f"{day:02d}/11/2022" for day in range(1, 28)])
    new = pd.DataFrame({"date": ["05/11/2022"]})
    assert moments.read(new, "new.csv").iloc[0] == pd.Timestamp("2022-11-05")
    plain = pd.DataFrame({"date": ["2022-11-06"]})  # can be but one moment
    assert moments.read(plain, "new.csv").iloc[0] == pd.Timestamp("2022-11-06")


def test_zones_of_new_data_are_brought_to_that_of_the_study():
    moments, _ = learned(["2024-05-20 00:00:00+05:30", "2024-05-20 01:00:00+05:30"])
    new = pd.DataFrame({"date": ["2024-05-19 20:30:00Z"]})
    assert list(moments.write(moments.read(new, "n").to_numpy())) == ["2024-05-20 02:00:00+05:30"]
    with pytest.raises(UserError, match="has no time zone, unlike"):
        moments.read(pd.DataFrame({"date": ["2024-05-19 20:30:00"]}), "n")


@pytest.mark.parametrize(
    "cells",
    [
        ["good", "bad"],
        ["12", "1999"],
        ["a sentence from 2020-01-01 on", "another of May 2020"],
        ["1.2.3", "4.5.6"],
        ["INV-2020", "INV-2021"],
        ["2020-001", "2020-002"],
    ],
)
def test_words_and_numbers_are_no_dates(cells):
    assert not looks_like_dates(pd.Series(cells))


def test_new_data_are_not_read_in_an_order_that_the_study_does_not_tell():
    moments, _ = learned(["2022-11-01", "2022-11-02"])
    for cell in ("05/11/2022", "05/11/22"):
        with pytest.raises(UserError, match="is not a date"):
            moments.read(pd.DataFrame({"date": [cell]}), "new.csv")
