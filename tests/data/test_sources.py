"""Every format a table can come in, and every way in which a file can be wrong."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from seqlab.data.sources import read_splits, read_table
from seqlab.errors import UserError

ROWS = [("a fine film", "pos"), ("dull, and long", "neg"), ('she said "no"', "neg")] * 4
FRAME = pd.DataFrame(ROWS, columns=["text", "label"])


def lines(rows=ROWS, delimiter="\t", header=None):
    return "\n".join([*([header] if header else []), *(delimiter.join(row) for row in rows), ""])


def error_of(*args, **options) -> UserError:
    with pytest.raises(UserError) as caught:
        read_table(*args, **options)
    return caught.value


# -- formats -----------------------------------------------------------------------------------

WRITERS = {
    "d.csv": lambda path: FRAME.to_csv(path, index=False),
    "d.tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "d.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "d.json": lambda path: FRAME.to_json(path, orient="records"),
    "d.parquet": lambda path: FRAME.to_parquet(path),
    "d.csv.xz": lambda path: path.write_bytes(lzma.compress(FRAME.to_csv(index=False).encode())),
    "d.csv.gz": lambda path: path.write_bytes(gzip.compress(FRAME.to_csv(index=False).encode())),
    "d.csv.bz2": lambda path: path.write_bytes(bz2.compress(FRAME.to_csv(index=False).encode())),
    "d.jsonl.xz": lambda path: path.write_bytes(
        lzma.compress(FRAME.to_json(orient="records", lines=True).encode())
    ),
    "utf16.csv": lambda path: path.write_bytes(FRAME.to_csv(index=False).encode("utf-16")),
    "bom.csv": lambda path: path.write_bytes(FRAME.to_csv(index=False).encode("utf-8-sig")),
    "crlf.csv": lambda path: path.write_bytes(
        FRAME.to_csv(index=False).replace("\n", "\r\n").encode()
    ),
    "semicolon.csv": lambda path: FRAME.to_csv(path, index=False, sep=";"),
    "bar.txt": lambda path: FRAME.to_csv(path, index=False, sep="|"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_table(tmp_path, name):
    WRITERS[name](tmp_path / name)
    table = read_table(tmp_path / name)
    assert table.frame.values.tolist() == FRAME.values.tolist()
    assert list(table.frame.columns) == ["text", "label"]
    assert table.header
    assert table.fingerprint == read_table(FRAME).fingerprint


def test_zip_holds_one_file_and_its_description(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("README.txt", "about")
        archive.writestr("__MACOSX/x", "junk")
        archive.writestr("inner/d.csv", FRAME.to_csv(index=False))
    assert len(read_table(tmp_path / "d.zip").frame) == len(FRAME)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "x")
    assert (
        "must hold one file of data; it holds a.csv, b.csv"
        in error_of(tmp_path / "two.zip").message
    )


def test_fingerprint_tells_values_names_and_order_apart():
    fingerprints = {
        read_table(frame).fingerprint
        for frame in (
            FRAME,
            FRAME.iloc[::-1],
            FRAME.rename(columns={"label": "y"}),
            FRAME.assign(label="x"),
            FRAME.assign(label=None),
        )
    }
    assert len(fingerprints) == 5
    assert read_table(FRAME.astype(object)).fingerprint == read_table(FRAME).fingerprint


# -- header, delimiter, quotes -----------------------------------------------------------------


def test_headerless_tab_file_is_named_by_content(tmp_path):
    (tmp_path / "d.tsv").write_text(lines([(text, str(len(text) % 2)) for text, _ in ROWS]))
    table = read_table(tmp_path / "d.tsv")
    assert not table.header
    assert list(table.frame.columns) == ["text", "label"]
    assert "no header found; columns named text, label from what they hold" in table.notes
    assert len(table.frame) == len(ROWS)


def test_label_first_and_coarse_labels(tmp_path):
    questions = [("NUM:dist", "How far is it ?"), ("LOC:city", "Where , then , is it ?")] * 10
    (tmp_path / "TREC.train").write_text(lines(questions, " "))
    table = read_table(tmp_path / "TREC.train")
    assert table.frame.iloc[0].to_dict() == {
        "label": "NUM",
        "text": "How far is it ?",
        "label_full": "NUM:dist",
    }
    fine = read_table(tmp_path / "TREC.train", columns=["text", "label_full"])
    assert list(fine.frame.columns) == ["text", "label_full"]
    (tmp_path / "fast.txt").write_text("__label__a some words\n__label__b others here\n" * 3)
    assert read_table(tmp_path / "fast.txt").frame["label"].tolist() == ["a", "b"] * 3


def test_numbers_only(tmp_path):
    (tmp_path / "rates.txt").write_text("0.5,1.2\n0.6,1.3\n0.7,1.1\n")
    (tmp_path / "spaces.txt").write_text("0.5 1.2\n0.6 1.3\n0.7 1.1\n")
    for name in ("rates.txt", "spaces.txt"):
        table = read_table(tmp_path / name)
        assert list(table.frame.columns) == ["value1", "value2"]
        assert table.frame["value2"].tolist() == [1.2, 1.3, 1.1]


def saved(path, text):
    path.write_text(text, encoding="utf-8")
    return path


BUOY = "#YY MM DD hh mm WDIR WSPD\n#yr mo dy hr mn degT m/s\n"


@pytest.mark.parametrize("head", ["", "#YY MM DD hh mm WDIR WSPD\n", BUOY])
def test_numbers_with_spaces_under_names(tmp_path, head):
    rows = "\n".join(f"2024 01 {day:02d} 00 00 {10 * day} NaN" for day in range(1, 9))
    table = read_table(saved(tmp_path / "buoy.txt", head + rows + "\n"))
    assert len(table.frame) == 8
    named = ["YY", "MM", "DD", "hh", "mm", "WDIR", "WSPD"]
    assert not head or list(table.frame) == named
    assert any("#yr mo dy" in note for note in table.notes) == (head == BUOY)


@pytest.mark.parametrize(
    ("name", "cells", "first"),
    [
        ("period", "01.2013 02.2013 10.2013 12.2013", "01.2013"),
        ("month", "2013.09 2013.1 2013.11 2014.01", "2013.09"),
        ("quarter", "2013.1 2013.2 2013.3 2013.4", "2013.1"),
    ],
)
def test_points_within_moments_are_no_decimals(tmp_path, name, cells, first):
    text = f"{name},price\n" + "\n".join(f"{cell},{cell}" for cell in cells.split())
    frame = read_table(saved(tmp_path / "a.csv", text)).frame
    assert frame[name].iloc[0] == first
    assert frame["price"].dtype == "float64"
    if name == "month":
        assert frame[name].iloc[1] == "2013.10"
    years = read_table(saved(tmp_path / "b.csv", "date,y\n1960.0,1\n1961.0,2\n1962.0,3\n"))
    assert years.frame["date"].dtype == "float64"


HEADERS = {  # name → the first line, a line below it by its number, the columns
    "years with gaps": ("land,2000,2005,2010", "land{i},{i},{i}5,9{i}", "land 2000 2005 2010"),
    "years back": ("land,2003,2002,2001", "land{i},{i},{i}5,9{i}", "land 2003 2002 2001"),
    "numbered": ("0,1,label", "0.{i},1.{i},c{odd}", "0 1 label"),
    "index and a number": (",0", "{i},some words {i}", "row 0"),
    "twice": ("text,text,label", "one {i} here,two {i} there,c{odd}", "text text_2 label"),
    "shorter, names of rows": ("text,label", "r{i},some words {i},c{odd}", "row text label"),
    "shorter": ("text,label", "some words {i},c{odd},and {i} more", "text label column3"),
    "one column of sentences": ("text", "some words here, and {i}", "text"),
    "no header: years": ("Ann,1950,1972,2001", "Bob{i},195{i},197{i},200{i}", ""),
    "no header: numbers": ("0,1,c1", "{i},1{i},c{odd}", ""),
    "no header: twice": ("a,a,b", "a,b,c{odd}", ""),
}


@pytest.mark.parametrize("name", HEADERS)
def test_odd_headers(tmp_path, name):
    first, below, columns = HEADERS[name]
    rows = [below.format(i=i, odd=i % 2) for i in range(9)]
    table = read_table(saved(tmp_path / "a.csv", "\n".join([first, *rows]) + "\n"))
    assert table.header == bool(columns)
    assert len(table.frame) == 9 + (not columns)
    assert not columns or list(table.frame) == columns.split()


def test_a_header_of_more_names_than_fields_is_counted(tmp_path):
    text = "text,label,extra\n" + "some words here,c\n" * 4
    error = error_of(saved(tmp_path / "a.csv", text))
    assert error.message.endswith(
        "line 1 names 3 columns, and every line below has 2 fields (delimiter: comma)"
    )


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("__label__fun __label__sad some words", ["fun", "sad"]),
        ("some words __label__fun __label__sad", ["fun", "sad"]),
        ("__label__fun,__label__sad some words", ["fun", "sad"]),
        ("__label__fun some words __label__sad", ["fun", "sad"]),
    ],
)
def test_labels_of_fasttext_anywhere(tmp_path, line, labels):
    others = ["__label__sad a sad tale", "__label__fun a joke", "__label__fun two jokes"]
    frame = read_table(saved(tmp_path / "train.txt", "\n".join([line, *others]) + "\n")).frame
    assert frame["label"].tolist() == [labels, ["sad"], ["fun"], ["fun"]]
    assert frame["text"].tolist() == ["some words", "a sad tale", "a joke", "two jokes"]
    unmarked = [others[0], others[1], others[2], "words without a label"]
    frame = read_table(saved(tmp_path / "few.txt", "\n".join(unmarked) + "\n")).frame
    assert frame["label"].tolist()[:3] == ["sad", "fun", "fun"]
    assert pd.isna(frame["label"].iloc[3])
    assert frame["text"].iloc[3] == "words without a label"


@pytest.mark.parametrize(
    ("file", "text", "rows"),
    [
        ("a.csv", '""\n"a film"\n"b film"\n', 3),
        ("a.csv", 'text\n""\na film\n""\n', 3),
        ("a.txt", "\n\na film\n\nb film\n", 5),
        ("a.txt", "a film\n\nb film\n\n\n", 3),
    ],
)
def test_blank_cells_of_one_column_are_rows(tmp_path, file, text, rows):
    assert len(read_table(saved(tmp_path / file, text)).frame) == rows


def test_header_with_numbers_for_names(tmp_path):
    (tmp_path / "d.csv").write_text(
        "date,0,1,OT\n" + "1990/1/1 0:00,1,2,3\n1990/1/2 0:00,2,3,4\n" * 2
    )
    assert list(read_table(tmp_path / "d.csv").frame.columns) == ["date", "0", "1", "OT"]


def test_unknown_names_above_repeating_classes_are_a_header(tmp_path):
    (tmp_path / "d.csv").write_text(lines(ROWS[:1] * 5 + [("awful", "neg")] * 5, ",", "body,mood"))
    assert list(read_table(tmp_path / "d.csv").frame.columns) == ["body", "mood"]


def test_lone_quotes_in_tab_files_are_characters(tmp_path):
    rows = [('"hello" he said', "1"), ('she said "no', "0"), ('"start', "1"), ('end"', "0")]
    (tmp_path / "d.tsv").write_text(lines(rows))
    assert read_table(tmp_path / "d.tsv").frame["text"].tolist() == [text for text, _ in rows]


def test_quoted_fields_may_hold_delimiters_and_line_ends(tmp_path):
    (tmp_path / "d.csv").write_text('text,label\n"two\nlines, one field",pos\n"a ""b""",neg\n')
    assert read_table(tmp_path / "d.csv").frame["text"].tolist() == [
        "two\nlines, one field",
        'a "b"',
    ]


def test_long_quoted_texts_are_sniffed_from_a_sample_cut_anywhere(tmp_path):
    text = "well, " * 500 + "\nsecond, line"
    frame = pd.DataFrame({"text": [text + str(i) for i in range(200)], "label": ["a", "b"] * 100})
    frame.to_csv(tmp_path / "d.csv", index=False)
    assert read_table(tmp_path / "d.csv").frame.equals(frame.astype("str"))


def test_numbers_too_long_to_be_numbers_stay_as_written(tmp_path):
    (tmp_path / "d.csv").write_text("id,n\n1234567890123456789,1\n123456789012345678,2\n")
    assert read_table(tmp_path / "d.csv").frame["id"].tolist()[0] == "1234567890123456789"


def test_declared_delimiter_and_decimal_comma(tmp_path):
    (tmp_path / "d.csv").write_text("sep=;\ndate;value\n2020-01-01;1,5\n2020-01-02;2,5\n")
    assert read_table(tmp_path / "d.csv").frame["value"].tolist() == [1.5, 2.5]


def test_words_that_mean_missing_do_so_among_numbers_only(tmp_path):
    (tmp_path / "d.csv").write_text("label,text,n,zip\nx,None,NA,007\ny,NA,2.5,123\nx,,3,001\n")
    frame = read_table(tmp_path / "d.csv").frame
    assert frame["text"].fillna("").tolist() == ["None", "NA", ""]
    assert frame["n"].isna().tolist() == [True, False, False]
    assert frame["zip"].tolist() == ["007", "123", "001"]


def test_columns_select_by_header_and_name_without(tmp_path):
    FRAME.assign(id=range(12)).to_csv(tmp_path / "h.csv", index=False)
    assert list(read_table(tmp_path / "h.csv", columns=["label", "text"]).frame) == [
        "label",
        "text",
    ]
    (tmp_path / "n.tsv").write_text(lines())
    named = read_table(tmp_path / "n.tsv", columns=["review", "mood"])
    assert list(named.frame) == ["review", "mood"]
    assert len(named.frame) == 12
    error = error_of(tmp_path / "n.tsv", columns=["a", "b", "c"])
    assert "has no header and 2 columns; --columns names 3 (a, b, c)" in error.message
    error = error_of(tmp_path / "h.csv", columns=["text", "lable"])
    assert 'unknown column "lable"; did you mean "label"?' in error.message


def test_delimiter_may_be_given_by_name(tmp_path):
    (tmp_path / "d.txt").write_text(lines(delimiter="^", header="text^label"))
    assert list(read_table(tmp_path / "d.txt", delimiter="^").frame) == ["text", "label"]
    FRAME.to_csv(tmp_path / "d.csv", sep="\t", index=False)
    assert list(read_table(tmp_path / "d.csv", delimiter="tab").frame) == ["text", "label"]
    error = error_of(tmp_path / "d.csv", delimiter="^^")
    assert error.message == '--delimiter: expected one character, got "^^"'


def test_series_of_different_lengths_one_a_row(tmp_path):
    (tmp_path / "d.csv").write_text("H1,1,2,3,4,5,6\nH2,1,2,3,4,5\nH3,1,2,3,4,5,6\n")
    table = read_table(tmp_path / "d.csv")
    assert table.frame.shape == (3, 7)
    assert any("read as one series a row" in note for note in table.notes)


# -- folders -----------------------------------------------------------------------------------


def test_one_file_per_class(tmp_path):
    (tmp_path / "README.txt").write_text("about")
    (tmp_path / "rt-polarity.neg").write_text("bad\n\nworse\n")
    (tmp_path / "rt-polarity.pos.xz").write_bytes(lzma.compress(b"good\nfine\n"))
    table = read_table(tmp_path)
    assert table.frame["label"].tolist() == ["neg", "neg", "pos", "pos"]
    assert "blank lines left out: 1" in table.notes


def test_names_of_class_files(tmp_path):
    for name in ("Arabic", "Czech"):
        (tmp_path / f"{name}.txt").write_text("x\ny\n")
    assert set(read_table(tmp_path).frame["label"]) == {"Arabic", "Czech"}


def test_one_folder_per_class_and_split(tmp_path):
    for split in ("train", "test"):
        for label in ("neg", "pos"):
            folder = tmp_path / split / label
            folder.mkdir(parents=True)
            (folder / "1.txt").write_text(f"{split} {label}\nsecond line")
    frame = read_table(tmp_path).frame
    assert sorted(frame["split"]) == ["test", "test", "train", "train"]
    assert frame["text"].iloc[0] == "train neg\nsecond line"


def test_what_lies_beside_class_folders_is_left_out_and_said(tmp_path):
    for label in ("neg", "pos", "unsup"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.txt").write_text("a text")
    (tmp_path / "urls.txt").write_text("http://")
    (tmp_path / "words.vocab").write_text("a\nb")
    table = read_table(tmp_path)
    assert table.frame["label"].tolist() == ["neg", "pos"]
    assert "left out: urls.txt, words.vocab, unsup" in table.notes


def test_folder_and_separate_files_with_splits(tmp_path):
    for name in ("train.tsv", "dev.tsv", "test.tsv"):
        (tmp_path / name).write_text(lines())
    frame = read_table(tmp_path).frame
    assert frame["split"].value_counts().to_dict() == {"train": 12, "valid": 12, "test": 12}
    joined = read_splits(tmp_path / "train.tsv", test=tmp_path / "test.tsv").frame
    assert joined["split"].value_counts().to_dict() == {"train": 12, "test": 12}


def test_splits_must_have_the_same_columns(tmp_path):
    FRAME.to_csv(tmp_path / "train.csv", index=False)
    FRAME[["text"]].to_csv(tmp_path / "test.csv", index=False)
    assert 'test.csv" has no column "label", which' in error_of(tmp_path).message


# -- in memory ---------------------------------------------------------------------------------


class Feature:
    def __init__(self, names):
        self.names = names


class Dataset:
    def __init__(self):
        self.features = {"text": object(), "label": Feature(["neg", "pos"])}

    def to_pandas(self):
        return pd.DataFrame({"text": ["a", "b", "c"], "label": [0, 1, -1]})


def test_hugging_face_data_sets_by_their_shape():
    assert read_table(Dataset()).frame["label"].fillna("?").tolist() == ["neg", "pos", "?"]
    parts = {"train": Dataset(), "validation": Dataset(), "unsupervised": Dataset()}
    table = read_table(parts)
    assert table.frame["split"].tolist() == ["train"] * 3 + ["valid"] * 3
    assert any('"unsupervised" left out' in note for note in table.notes)
    assert "no part train, only test" in error_of({"test": Dataset()}).message


def test_frames(tmp_path):
    dated = pd.DataFrame({"y": [1, 2]}, index=pd.date_range("2020-01-01", periods=2))
    assert list(read_table(dated).frame) == ["timestamp", "y"]
    assert list(read_table(dated["y"]).frame) == ["timestamp", "y"]
    for index, name, kept in (
        (["2020-01-01", "2020-01-02"], None, "timestamp"),
        ([date(2020, 1, 1), date(2020, 1, 2)], None, "timestamp"),
        ([1990, 1991], "year", "year"),
        (["a fine film", "a dull one"], "text", "text"),
    ):
        frame = pd.DataFrame({"y": [1, 2]}, index=pd.Index(index, name=name))
        assert list(read_table(frame).frame) == [kept, "y"]
    numbered = pd.DataFrame({"y": [1, 2]}, index=[7, 9])
    assert list(read_table(numbered).frame) == ["y"]
    rows = FRAME.to_dict("records")
    for other in (rows, FRAME.to_dict("list"), pa.Table.from_pandas(FRAME)):
        pd.testing.assert_frame_equal(read_table(other).frame, FRAME, check_dtype=False)
    assert error_of(FRAME.iloc[:0]).message == "the frame is empty"
    twice = pd.concat([FRAME, FRAME], axis=1)
    assert error_of(twice).message == 'the frame has several columns "label"'
    for levels, names in (
        ([("a", "text"), ("a", "label")], ["text", "label"]),
        ([("close", "x"), ("open", "y")], ["close", "open"]),
    ):
        several = FRAME.set_axis(pd.MultiIndex.from_tuples(levels), axis=1)
        assert list(read_table(several).frame) == names
    joined = pd.concat([FRAME, FRAME], axis=1, keys=["a", "b"])
    assert list(read_table(joined).frame) == ["a text", "a label", "b text", "b label"]
    assert "data of type int cannot be read" in error_of(3).message


# -- what can be wrong -------------------------------------------------------------------------

WRONG = {
    "empty.csv": (b"", '" is empty'),
    "blank.csv": (b"\n \n", '" is empty'),
    "bom.csv": (b"\xef\xbb\xbf\n", '" is empty'),
    "header.csv": (b"text,label\n", '" holds a header (text, label) and no rows'),
    "book.xlsx": (b"PK\x03\x04", '": unknown format ".xlsx"'),
    "data.bin": (b"\x00\x01\x02", '": unknown format ".bin"'),
    "cut.csv.xz": (lzma.compress(b"text,label\n" * 50)[:60], '" cannot be decompressed: '),
    "cut.csv.gz": (gzip.compress(b"text,label\n" * 50)[:30], '" cannot be decompressed: '),
    "cut.zip": (b"PK\x03\x04 nothing", '" cannot be decompressed: '),
    "latin.csv": (
        "text,label\nok,1\ncafé,0\n".encode("latin-1"),
        '" line 3 is not UTF-8 (byte 0xe9)',
    ),
    "nul.csv": (b"text,label\na\0b,1\n", '" line 2 holds a NUL character: is this a text file?'),
    "ragged.csv": (b"a,b,c\n1,2,3\n4,5\n7,8,9\n", '" line 3 has 2 fields where most lines have 3'),
    "cut.jsonl": (b'{"text":"a"}\n{"te', '" line 2 is not JSON: '),
    "list.jsonl": (b"[1]\n", '" line 1 is a list, not an object'),
    "one.json": (b"3", '" holds a single int'),
    "bad.parquet": (b"PAR1 not really", '" is not a readable Parquet file: '),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_one_line(tmp_path, name):
    content, message = WRONG[name]
    (tmp_path / name).write_bytes(content)
    error = error_of(tmp_path / name)
    assert error.message.startswith(f'"{tmp_path / name}')
    assert message in error.message
    assert "\n" not in error.message
    assert error.hint


def test_latin1_is_read_when_asked_for(tmp_path):
    (tmp_path / "d.csv").write_bytes("text,label\ncafé,0\n".encode("latin-1"))
    assert error_of(tmp_path / "d.csv").hint.endswith("add --encoding latin-1")
    assert read_table(tmp_path / "d.csv", encoding="latin-1").frame["text"][0] == "café"
    assert error_of(tmp_path / "d.csv", encoding="klingon").message == (
        '--encoding: unknown encoding "klingon"'
    )


def test_missing_file_suggests_a_neighbour(tmp_path):
    (tmp_path / "reviews.csv").write_text("x")
    assert error_of(tmp_path / "revews.csv").message == (
        f'no file or folder "{tmp_path / "revews.csv"}"; did you mean "reviews.csv"?'
    )


def test_wrong_delimiter(tmp_path):
    FRAME.to_csv(tmp_path / "d.csv", index=False)
    assert error_of(tmp_path / "d.csv", delimiter=";").message == (
        f'"{tmp_path / "d.csv"}": --delimiter semicolon finds one column only;'
        " the lines look divided by a comma"
    )


def test_unquoted_delimiters_name_the_line(tmp_path):
    (tmp_path / "d.csv").write_text("text,label\nwell, this,pos\nbad,neg\nfine,pos\n")
    assert "line 2 has 3 fields where most lines have 2" in error_of(tmp_path / "d.csv").message


def test_folders_with_nothing_or_too_much(tmp_path):
    assert error_of(tmp_path).message == f'"{tmp_path}" holds nothing readable'
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    assert f'"{tmp_path}" holds several tables: a.csv, b.csv' in error_of(tmp_path).message


def test_a_damaged_image_in_a_folder_is_named(tmp_path):
    pytest.importorskip("PIL", reason="Pillow is not installed")
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x00\x00")
    assert error_of(tmp_path).message == f'"{tmp_path / "a.png"}" is not a readable image'


def test_lines_have_no_columns_to_name(tmp_path):
    (tmp_path / "d.txt").write_text("one text\nanother, longer\n")
    assert list(read_table(tmp_path / "d.txt", columns=["review"]).frame) == ["review"]
    assert error_of(tmp_path / "d.txt", columns=["text", "label"]).message.endswith(
        '" has one text a line; --columns names 2 (text, label)'
    )
    (tmp_path / "l.txt").write_text("__label__a one text\n__label__b another\n" * 2)
    assert list(read_table(tmp_path / "l.txt", columns=["mood", "review"]).frame) == [
        "mood",
        "review",
    ]
    assert 'unknown column "mood"' in error_of(tmp_path / "l.txt", columns=["text", "mood"]).message


def test_class_folder_with_folders_inside(tmp_path):
    (tmp_path / "pos" / "deep").mkdir(parents=True)
    assert "is a folder inside the class folder" in error_of(tmp_path).message


def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "loop.csv"
    path.symlink_to(path)
    assert str(path) in error_of(path).message


def test_records_within_a_field_become_columns(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [{"id": i, "translation": {"en": f"one {i}", "de": f"eins {i}"}} for i in range(3)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    frame = read_table(path).frame
    assert list(frame.columns) == ["id", "en", "de"]
    assert frame["de"].tolist() == ["eins 0", "eins 1", "eins 2"]


def test_records_within_a_field_keep_its_name_where_theirs_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [{"en": "x", "translation": {"en": f"one {i}", "de": "y"}} for i in range(3)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert list(read_table(path).frame.columns) == ["en", "translation.en", "translation.de"]
