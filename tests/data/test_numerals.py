"""Numbers as people write them, cells that are none, and what only looks like a number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab.data.cells import column, notes_of
from seqlab.data.numerals import read
from seqlab.data.plain_cells import with_plain_cells

WRITTEN = {
    "commas": (["1,498.68", "900", "12.5"], [1498.68, 900, 12.5]),
    "points": (["1.498,68", "999,5", "1.234"], [1498.68, 999.5, 1234]),
    "apostrophes": (["1'498.68", "3", "12’000"], [1498.68, 3, 12000]),
    "lakhs": (["12,34,567.5", "1,234"], [1234567.5, 1234]),
    "spaces": (["1 234,5", "12", "1\u202f234\u202f567"], [1234.5, 12, 1234567]),
    "currency before": (["$5", "$1,200.50", "-$3", "$-4"], [5, 1200.5, -3, -4]),
    "currency behind": (["5 €", "1.200,50 €"], [5, 1200.5]),
    "per cent": (["0.19%", "-0.44 %"], [0.19, -0.44]),
    "letters": (["1.39M", "900K", "2B", "3k"], [1390000, 900000, 2e9, 3000]),
    "brackets": (["(12.5)", "3", "(1,200)"], [-12.5, 3, -1200]),
    "minus sign": (["−4", "5.5"], [-4, 5.5]),
    "minus behind": (["5.5-", "12"], [-5.5, 12]),
    "brackets within a currency": (["$(12.5)", "$3", "$(1,200)"], [-12.5, 3, -1200]),
    "spaces and decimals": (["1 234.50", "3 120.75", "9 999.00"], [1234.5, 3120.75, 9999]),
    "words for sizes": (["1.39 million", "2 thousand", "3 bn", "4 Mio."], [1.39e6, 2000, 3e9, 4e6]),
    "a unit": (["3.5 kWh", "12.0 kWh", "-1.25 kWh"], [3.5, 12, -1.25]),
    "degrees": (["3.5°C", "12.0°C"], [3.5, 12]),
    "a unit and commas": (["1,234.5 m/s", "12.0 m/s"], [1234.5, 12]),
    "decimal commas": (["12,5", "3,75", "8,1"], [12.5, 3.75, 8.1]),
}


@pytest.mark.parametrize("style", WRITTEN)
def test_numbers_are_read_as_written(style):
    cells, numbers = WRITTEN[style]
    found = column(cells)
    assert found.values.tolist() == numbers
    assert found.how
    assert not found.odd


NO_NUMBERS = {
    "codes": ["007", "12", "015"],
    "telephones": ["555 123 456", "555 987 654", "555 222 111"],
    "area codes": ["(555)", "(556)"],
    "versions": ["1.2.3", "1.10.0", "2.0.1"],
    "dates": ["01.02.2013", "02.02.2013", "03.02.2013"],
    "sets of classes": ["1,2", "3", "2,3", "1"],
    "addresses": ["192.168.1.1", "10.0.0.1", "127.0.0.1"],
    "invoices": [*map(str, range(536379, 536479)), "C536379"],
    "classes": [*("01234" * 20), "unknown"],
    "distances": ["5km", "10km", "42km", "5km"],
    "units that differ": ["1.5 kg", "2.5 lb", "3.5 kg", "4.5 g"],
    "ranges": ["1-2", "3-4", "5-6"],
}


@pytest.mark.parametrize("what", NO_NUMBERS)
def test_what_only_looks_like_a_number_stays(what):
    cells = NO_NUMBERS[what]
    assert column(cells).values.tolist() == cells


def test_a_lone_comma_is_decimal_where_it_divides_no_cells():
    assert column(["1,234", "2,345"]).values.tolist() == [1234, 2345]
    read_so = column(["1,234", "2,345"], decimal_comma=True)
    assert read_so.values.tolist() == [1.234, 2.345]
    assert read_so.how == "numbers, a decimal comma (commas between thousands would look alike)"
    assert column(["1,23", "2,345"], decimal_comma=True).how == "numbers, a decimal comma"
    assert column(["¥1,234", "¥2,345"], decimal_comma=True).values.tolist() == [1234, 2345]


def test_one_word_among_numbers_may_stand_often():
    cells = [str(i / 4) for i in range(1, 71)] + ["closed"] * 30
    found = column(cells)
    assert found.values.isna().sum() == 30
    assert found.odd[0] == (71, "closed")
    assert column([*cells[:90], *"abcdefghij"]).values.tolist() == [*cells[:90], *"abcdefghij"]


@pytest.mark.parametrize("dtype", [object, "str"])
def test_texts_of_typed_sources_that_are_numbers_are_numbers(dtype):
    cells = pd.Series(["1,498.68", "900", "-", "12.5", None] * 4, dtype=dtype)
    frame, notes = with_plain_cells(pd.DataFrame({"y": cells, "id": ["007"] * 20}), "x.json")
    assert frame["y"].tolist()[:2] == [1498.68, 900]
    assert frame["y"].isna().sum() == 8
    assert frame["id"].tolist() == ["007"] * 20
    assert notes == ['column y: numbers, commas between thousands; "-" is a missing value (4)']


def test_odd_cells_are_missing_and_named():
    cells = [f"{i}.5" for i in range(40)]
    cells[7], cells[30] = "#DIV/0!", "broken"
    found = column(cells)
    assert np.flatnonzero(found.values.isna()).tolist() == [7, 30]
    assert notes_of({"b": found}, "a.csv") == [
        '"a.csv" column "b": read as missing, for it is no number: row 8 "#DIV/0!", row 31 "broken"'
    ]


@pytest.mark.parametrize("mark", [".", "-", "--", "#N/A", "n/a", "null", "?", "N.A."])
def test_marks_of_missing_values_are_missing(mark):
    assert np.isnan(column(["1.5", mark, "2.5"]).values[1])
    assert column(["good", mark, "bad"]).values.tolist() == ["good", mark, "bad"]


def test_a_column_of_marks_alone_is_empty():
    assert column(["..", "-", ".."]).values.isna().all()
    assert column(["None", "none"]).values.tolist() == ["None", "none"]


def test_currencies_that_differ_are_said():
    found = read(["$5", "6 €"])
    assert found is not None
    assert "not all in one currency" in found.how
