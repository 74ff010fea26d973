"""What stands around a table: preambles, several header lines, units, footers, blank rows."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pandas as pd
import pytest

from seqlab.data.class_names import alike, as_seen, differing_little
from seqlab.data.sources import read_table
from seqlab.data.unused import unused_columns, unused_findings
from seqlab.errors import UserError

DAYS = [f"{date(2020, 1, 1) + timedelta(i)},{i}.5,{2 * i}" for i in range(30)]
ROWS = "\n".join(DAYS) + "\n"
TEXTS = [f"some fine text {i},{'pos' if i % 2 else 'neg'}" for i in range(30)]

TABLES = {
    "preamble": ("Monthly report\nby someone\n\ndate,a,b\n" + ROWS, "date a b", 'line 1 "Monthly'),
    "padded": ("Report,,\n,,\ndate,a,b\n" + ROWS + "Total,10,20\n", "date a b", 'line 34 "Total'),
    "units": ("date,a,b\nyyyy-mm-dd,°C,m/s\n" + ROWS, "date a b", 'line 2 "yyyy-mm-dd, °C'),
    "tickers": ("Price,Close,Close\nTicker,X,Y\nDate,,\n" + ROWS, "Date X Y", 'line 3 "Date"'),
    "footer": ("date,a,b\n" + ROWS + "\nSource: me\n", "date a b", 'line 33 "Source'),
    "preamble of cells": (
        "Report,,\nGenerated,2020,\n,,\ndate,a,b\n" + ROWS,
        "date a b",
        'line 2 "Generated, 2020"',
    ),
    "blank footer": ("date,a,b\n" + ROWS + ",,\nNote: revised,,\n", "date a b", 'line 33 "Note'),
    "header again": (
        "date,a,b\n" + ROWS.replace(DAYS[9], "date,a,b\n" + DAYS[9]),
        "date a b",
        "it is the header again: line 11",
    ),
    "line ends": (
        "date,a,b\n" + ROWS.replace("\n", ",,\n"),
        "date a b",
        "ends of lines left out: 2",
    ),
}


@pytest.mark.parametrize("what", TABLES)
def test_a_table_is_read_and_what_is_left_out_named(tmp_path, what):
    content, names, note = TABLES[what]
    (tmp_path / "a.csv").write_text(content)
    table = read_table(tmp_path / "a.csv")
    assert list(table.frame.columns) == names.split()
    assert table.frame.iloc[:, 1].tolist() == [i + 0.5 for i in range(30)]
    assert note in "\n".join(table.notes)


@pytest.mark.parametrize("end", ["broken text, with a comma,pos", "broken text"])
def test_a_row_that_does_not_fit_is_no_footer(tmp_path, end):
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *TEXTS, end]))
    with pytest.raises(UserError, match="line 32 has"):
        read_table(tmp_path / "a.csv")


@pytest.mark.parametrize("end", ["(30 rows affected)", "\n30 rows selected", "\nThe end"])
def test_a_footer_under_texts_is_left_out(tmp_path, end):
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *TEXTS, end]))
    table = read_table(tmp_path / "a.csv")
    assert len(table.frame) == 30
    assert end.strip() in table.notes[0]


def test_a_line_that_is_no_row_says_what_to_do(tmp_path):
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *TEXTS, "broken text"]))
    with pytest.raises(UserError) as caught:
        read_table(tmp_path / "a.csv")
    assert caught.value.hint.startswith("take the line out if it is no row; else put")


HEADERS = [
    "What did you think of it?,Was it good?",
    "Your review:,😀",
    "A name of many words that goes on and on and on and on,mood of the one who wrote it",
]


@pytest.mark.parametrize("header", HEADERS)
def test_names_of_any_letters_are_a_header(tmp_path, header):
    (tmp_path / "a.csv").write_text("\n".join([header, *TEXTS]))
    table = read_table(tmp_path / "a.csv")
    assert table.header
    assert list(table.frame.columns) == header.split(",")


def test_a_name_that_is_a_value_too_is_a_name(tmp_path):
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *TEXTS, "text,pos"]))
    assert list(read_table(tmp_path / "a.csv").frame.columns) == ["text", "label"]
    (tmp_path / "b.csv").write_text("\n".join(TEXTS))
    assert not read_table(tmp_path / "b.csv").header


def test_empty_names_at_the_end_of_a_header(tmp_path):
    (tmp_path / "a.csv").write_text("v1,v2,,\n" + "".join(f"{row},,\n" for row in TEXTS))
    assert list(read_table(tmp_path / "a.csv").frame.columns) == ["v1", "v2"]


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_blank_lines_of_one_column_are_rows(tmp_path, name):
    (tmp_path / name).write_text("text\nlovely film here\n\nawful song\nbright day\n\n")
    texts = read_table(tmp_path / name).frame["text"].tolist()
    assert [text for text in texts if text != "text"][0::2] == ["lovely film here", "awful song"]
    assert len([text for text in texts if text != "text"]) == 4


def test_lists_as_numpy_prints_them(tmp_path):
    (tmp_path / "a.csv").write_text("text,labels\nx y,['fun' 'sad']\nz w,['fun']\nq r,[]\n")
    assert read_table(tmp_path / "a.csv").frame["labels"].tolist() == [["fun", "sad"], ["fun"], []]


def test_several_labels_of_fasttext(tmp_path):
    lines = [f"__label__a {'__label__b ' if i % 2 else ''}text {i}" for i in range(6)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    frame = read_table(tmp_path / "a.txt").frame
    assert frame["label"].tolist() == [["a"], ["a", "b"]] * 3
    assert frame["text"].tolist() == [f"text {i}" for i in range(6)]


def read_lines(folder, rows):
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return read_table(folder / "a.jsonl")


def test_cells_of_several_types_are_read_and_said(tmp_path):
    rows = [{"text": f"t {i}", "label": "a", "id": i} for i in range(5)]
    table = read_lines(tmp_path, [*rows, {"text": "\ud800 x", "label": ["a", "b"], "id": 10**30}])
    assert table.frame["text"].iloc[-1] == "\ufffd x"
    assert table.frame["label"].iloc[-1] == '["a", "b"]'
    assert table.frame["id"].iloc[-1] == str(10**30)
    assert len(table.notes) == 3


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a": ' + "1" * 5000 + "}"])
def test_json_that_no_parser_takes_is_one_line(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UserError, match=r"nested too deeply|more than 4,300 digits"):
        read_table(tmp_path / "a.json")


def test_bytes_durations_and_large_numbers_of_frames():
    frame = pd.DataFrame(
        {
            "b": [b"fine", b"text"],
            "d": pd.to_timedelta(["1s", "2s"]),
            "u": pd.Series([2**64 - 1, 1], dtype="uint64"),
            "p": [b"\x89PNG", b"x"],
        }
    )
    table = read_table(frame)
    assert table.frame.to_dict("list") == {
        "b": ["fine", "text"],
        "d": [1.0, 2.0],
        "u": [str(2**64 - 1), "1"],
    }
    assert "column p: left out, for row 1 holds bytes that are no text" in table.notes


def test_classes_that_look_alike_are_one():
    names = ["négatif", "ne\u0301gatif", "neg\u200b", "neg ", "Neg"]
    assert [as_seen(name) for name in names] == ["négatif", "négatif", "neg", "neg", "Neg"]
    assert [note.partition(" is ")[0] for note in alike(names)] == [
        'class "négatif"',
        'class "neg"',
    ]
    assert differing_little(map(as_seen, names)) == [("neg", "Neg")]


@pytest.mark.parametrize(
    ("one", "other"),
    [("don't", "don’t"), ("a-b", "a–b"), ("a_b", "a b"), ("Ａ", "A"), ("сат", "caт"), ("É", "é")],
)
def test_classes_that_differ_in_little_are_told(one, other):
    assert differing_little([one, "b", other]) == [(one, other)]
    assert differing_little([one, "b", "c"]) == []
    assert alike(["👩\u200d💻", "👩💻"]) == []


def test_columns_without_a_role_are_named():
    frame = pd.DataFrame({"text": list("abcd"), "n": [1, 5, 2, 9], "e": [None] * 4, "c": ["x"] * 4})
    assert set(unused_columns(frame, ["text"])) == {"n", "e", "c"}
    (finding,) = unused_findings(frame, ["text"])
    assert finding.title == "columns that are not used: 3 of 4"
    assert "e: nothing stands in it" in finding.detail
    assert unused_findings(frame, list(frame.columns)) == []
