"""Data that cannot be used: one line that names file and column, and what to do; no traceback."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest

from tests.reviews import reviews, write_reviews

GOOD = reviews(60)
HEADER = ["text,label"]
LINES = [f"{text},{label}" for text, label in GOOD]


def table(*lines):
    return ("\n".join(lines) + "\n").encode()


# File name, content, further arguments, the error (… is what a library says), a part of the hint.
CLASSIFICATION = {
    "empty": ("data.csv", b"", [], '"data.csv" is empty', "at least one row"),
    "blank": ("data.csv", b"\n \n\n", [], '"data.csv" is empty', "at least one row"),
    "header alone": (
        "data.csv",
        table(*HEADER),
        [],
        '"data.csv" holds a header (text, label) and no rows',
        "at least one row",
    ),
    "spreadsheet": (
        "data.xlsx",
        b"PK\3\4",
        [],
        '"data.xlsx": unknown format ".xlsx"',
        "save the sheet as CSV",
    ),
    "pickle": ("data.pkl", b"\x80", [], '"data.pkl": unknown format ".pkl"', "in Python"),
    "bytes": ("data.weird", b"\0\1" * 99, [], '"data.weird": unknown format ".weird"', "CSV"),
    "cut archive": (
        "data.csv.gz",
        b"\x1f\x8b\x08\0\0\0\0\0",
        [],
        '"data.csv.gz" cannot be decompressed: …',
        "truncated",
    ),
    "cut parquet": (
        "data.parquet",
        b"PAR1abc",
        [],
        '"data.parquet" is not a readable Parquet file: …',
        "truncated",
    ),
    "broken JSON": (
        "data.jsonl",
        b'{"text": "a", "label": 1}\n{"text": \n',
        [],
        '"data.jsonl" line 2 is not JSON: …',
        "one JSON object a line",
    ),
    "wrong delimiter": (
        "data.csv",
        table(*HEADER, *LINES),
        ["--delimiter", ";"],
        '"data.csv": --delimiter semicolon finds one column only; the lines look divided by a '
        "comma",
        "leave --delimiter out",
    ),
    "no delimiter": (
        "data.csv",
        table(*HEADER, *LINES),
        ["--delimiter", "abc"],
        '--delimiter: expected one character, got "abc"',
        "comma, tab",
    ),
    "a comma too many": (
        "data.csv",
        table(*HEADER, *LINES, "good, bad, both,pos"),
        [],
        '"data.csv" line 62 has 4 fields where most lines have 2 (delimiter: comma)',
        "double quotes",
    ),
    "no label, asked for": (
        "data.csv",
        table("text", *(text for text, _ in GOOD)),
        ["--task", "classify"],
        '"data.csv": no column for the label among text (text)',
        "--delimiter",
    ),
    "two texts": (
        "data.csv",
        table("review,comment,label", *(f"{t} here,{t} there,{y}" for t, y in GOOD)),
        ["--task", "classify"],
        '"data.csv": several columns could be the text: review, comment',
        "--columns text,label",
    ),
    "unknown column": (
        "data.csv",
        table(*HEADER, *LINES),
        ["--columns", "txt,label"],
        '"data.csv", --columns: unknown column "txt"; did you mean "text"?',
        "accepted: text, label",
    ),
    "unknown column in a role": (
        "data.csv",
        table(*HEADER, *LINES),
        ["--columns", "text=txt,label=label"],
        '"data.csv": unknown column "txt"; did you mean "text"?',
        "accepted: text, label",
    ),
    "unknown group": (
        "data.csv",
        table(*HEADER, *LINES),
        ["--group", "user"],
        '"data.csv": unknown column "user"',
        "accepted: text, label",
    ),
    "one class": (
        "data.csv",
        table(*HEADER, *(f"{text},pos" for text, _ in GOOD)),
        ["--task", "classify"],
        '"data.csv": column "label" has only one class ("pos")',
        "at least two classes",
    ),
    "one class, task not said": (
        "data.csv",
        table(*HEADER, *(f"{text},pos" for text, _ in GOOD)),
        [],
        '"data.csv": the task cannot be told from the data (…',
        "--task classify|",
    ),
    "a class of one": (
        "data.csv",
        table(*HEADER, *LINES, "odd one,other"),
        [],
        '"data.csv": class "other" has one example: it cannot be in training and in test',
        "merge it",
    ),
    "not classes": (
        "data.csv",
        table(*HEADER, *(f"{t},{i * 1.37}" for i, (t, _) in enumerate(GOOD))),
        ["--task", "classify"],
        '"data.csv": column "label" has 60 different values in 60 rows: these are not classes',
        "--columns",
    ),
    "all texts empty": (
        "data.csv",
        table(*HEADER, *(f",{label}" for _, label in GOOD)),
        [],
        '"data.csv": column "text": all texts are empty',
        "--columns",
    ),
    "not UTF-8": (
        "data.csv",
        table(*HEADER, *LINES) + b"caf\xe9 good,pos\n",
        [],
        '"data.csv" line 62 is not UTF-8 (byte 0xe9)',
        "--encoding latin-1",
    ),
}

START = datetime.date(2023, 1, 1)
VALUES = [round(10 + 3 * math.sin(i / 7 * 6.283) + i % 5, 2) for i in range(200)]


def series(value=lambda i, v: v, date=lambda i: START + datetime.timedelta(days=i), rows=200):
    return table("ds,y", *(f"{date(i)},{value(i, v)}" for i, v in enumerate(VALUES[:rows])))


def days(i):
    return START + datetime.timedelta(days=i)


FORECASTS = {
    "a date that is none": (
        series(date=lambda i: "someday" if i == 57 else days(i)),
        [],
        '"data.csv" column "ds" row 58: "someday" is not a date',
        "2016-07-01",
    ),
    "a date missing": (
        series(date=lambda i: "" if i == 57 else days(i)),
        [],
        '"data.csv" column "ds" row 58: the date is missing',
        "2016-07-01",
    ),
    "a date twice": (
        series(date=lambda i: days(i - (i == 57))),
        [],
        '"data.csv" column "ds" row 58: 2023-02-26 repeats',
        "series=COLUMN",
    ),
    "dates backwards": (
        series(date=lambda i: days((i + 100) % 200)),
        [],
        '"data.csv" column "ds" row 101: 2023-01-01 runs backwards',
        "the oldest first",
    ),
    "an infinite value": (
        series(lambda i, v: "inf" if i == 33 else v),
        [],
        '"data.csv" column "y" row 34: infinite value',
        "replace it",
    ),
    "no values": (
        series(lambda i, v: ""),
        ["--task", "forecast"],
        '"data.csv": no column of numbers to forecast among: ds (date), y (empty)',
        "target=COLUMN",
    ),
    "shorter than look-back and horizon": (
        series(rows=30),
        ["--lookback", "25", "--horizon", "6"],
        "the series has 30 steps; look-back 25 + horizon 6 need at least 31",
        "--lookback or --horizon",
    ),
    "dates of a split outside": (
        series(),
        ["--split", "2020-01-01,2020-02-01"],
        '--split "2020-01-01,2020-02-01": the training part is empty; the data reach from '
        "2023-01-01 00:00:00 to 2023-07-19 00:00:00",
        "2017-07-01",
    ),
    "texts asked for": (
        series(),
        ["--task", "classify"],
        '"data.csv": no column for the text among ds (date), y (number)',
        "--columns",
    ),
}


@pytest.mark.parametrize("case", CLASSIFICATION)
def test_texts_that_cannot_be_used(case, seqlab, here):
    name, content, arguments, message, hint = CLASSIFICATION[case]
    (here / name).write_bytes(content)
    done = seqlab("compare", name, *arguments, "-o", "out")
    if message.endswith("…"):
        assert done.error.startswith(message[:-1])
    else:
        assert done.error == message
    assert hint in done.hint
    assert done.status == 2
    assert sorted(path.name for path in here.iterdir()) == [name], "something was left behind"


@pytest.mark.parametrize("case", FORECASTS)
def test_series_that_cannot_be_used(case, seqlab, here):
    content, arguments, message, hint = FORECASTS[case]
    (here / "data.csv").write_bytes(content)
    done = seqlab("compare", "data.csv", *arguments, "-o", "out")
    assert done.error == message
    assert hint in done.hint
    assert sorted(path.name for path in here.iterdir()) == ["data.csv"]


def test_missing_file_names_the_nearest(seqlab, here):
    write_reviews(here / "reviews.csv")
    done = seqlab("compare", "review.csv")
    assert done.error == 'no file or folder "review.csv"; did you mean "reviews.csv"?'
    assert "characters" in done.hint


def test_directory_with_nothing_readable(seqlab, here):
    (here / "folder").mkdir()
    (here / "folder" / "a.bin").write_bytes(b"\0\1\2" * 50)
    assert seqlab("compare", "folder").error == '"folder" holds nothing readable'


def test_label_unseen_in_training_is_named_where_it_stands(seqlab, here):
    write_reviews(here / "train.csv")
    (here / "dev.csv").write_bytes(table(*HEADER, "great fun,pos", "dull slow,neg"))
    (here / "late.csv").write_bytes(table(*HEADER, "a b,pos", "c d,neg", "e f,meh"))
    done = seqlab("compare", "train.csv", "--valid", "dev.csv", "--test", "late.csv")
    assert done.error == (
        '"late.csv" row 3: label "meh" is in test but not in training (1 such examples)'
    )
    assert "remove them" in done.hint


def test_labels_missing_in_a_given_part_are_left_out_and_named_where_they_stand(seqlab, here):
    write_reviews(here / "train.csv")
    (here / "late.csv").write_bytes(table(*HEADER, "a b,pos", "c d,", "e f,neg"))
    done = seqlab("inspect", "train.csv", "--test", "late.csv")
    assert done.status == 0, done.err
    out = " ".join(done.out.split())
    assert '1 example left out: no label in "label" ("late.csv" row 2)' in out


def test_labels_that_are_missing_or_infinite_are_left_out_and_named(seqlab, here):
    missing = [*LINES, "no label,", "again none, "]
    (here / "missing.csv").write_bytes(table(*HEADER, *missing))
    done = seqlab("inspect", "missing.csv")
    assert '2 rows left out: no label in "label" (rows 61, 62)' in " ".join(done.out.split())
    rows = (f"{t},{(0, 1, 'inf')[i % 3]}" for i, (t, _) in enumerate(GOOD))
    (here / "infinite.csv").write_bytes(table(*HEADER, *rows))
    done = seqlab("inspect", "infinite.csv", "--task", "classify")
    assert 'left out: an infinite value in "label" (rows 3, 6, 9' in " ".join(done.out.split())


def test_file_that_may_not_be_read(seqlab, here, monkeypatch):
    path = write_reviews(here / "data.csv")

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    assert seqlab("compare", "data.csv").error == '"data.csv" cannot be read: Permission denied'


def test_nan_that_a_forecast_can_take_is_no_error(seqlab, here):
    values = np.where(np.arange(200) % 9 == 3, np.nan, VALUES)
    dates = pd.date_range("2023-01-01", periods=200)
    pd.DataFrame({"ds": dates, "y": values}).to_csv(here / "data.csv", index=False)
    done = seqlab("compare", "data.csv", "--candidates", "rnn", "--params", "3k", "--dry-run")
    assert done.status == 0, done.err


def test_a_name_with_line_breaks_stays_on_one_line(seqlab, here):
    frame = pd.DataFrame([*GOOD, ("odd one", "two\nlines")], columns=["text", "label"])
    frame.to_json(here / "data.jsonl", orient="records", lines=True)
    done = seqlab("compare", "data.jsonl")
    assert done.error.startswith('"data.jsonl": class "two lines" has one example')


@pytest.mark.parametrize("case", ["one class", "a class of one", "not UTF-8"])
def test_inspection_says_what_is_wrong(case, seqlab, here):
    name, content, _, message, _ = CLASSIFICATION[case]
    (here / name).write_bytes(content)
    done = seqlab("inspect", name)
    if case == "not UTF-8":
        assert done.error == message
        return
    assert done.status == 0
    assert "error" in done.out
    assert "a comparison cannot run yet" in done.out
