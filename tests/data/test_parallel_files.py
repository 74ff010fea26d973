"""Folders of parallel files: what is read, what is left to others, what is refused."""

import gzip

import pytest

from seqlab.data.sources import read_table
from seqlab.errors import UserError


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        part, _, side = name.rpartition("_")
        (folder / f"{part}.{side}").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


def test_languages_become_columns_and_parts_a_column(tmp_path):
    folder = write(
        tmp_path / "set",
        train_en=["A dog.", "", "Two cats."],
        train_de=["Ein Hund.", "leer", "Zwei Katzen."],
        val_en=["A car."],
        val_de=["Ein Auto."],
    )
    (folder / "test_2016.en.gz").write_bytes(gzip.compress(b"A tree.\r\n"))
    (folder / "test_2016.de.gz").write_bytes(gzip.compress("Ein Bäumchen.\r\n".encode()))
    (folder / "README.md").write_text("what this is")
    table = read_table(folder)
    assert sorted(table.frame.columns) == ["de", "en", "split"]
    assert table.frame["split"].tolist() == ["train"] * 3 + ["valid", "test"]
    assert table.frame["en"].tolist() == ["A dog.", "", "Two cats.", "A car.", "A tree."]
    assert table.frame["de"].iloc[-1] == "Ein Bäumchen."
    assert "parallel files: a line each in de, en" in table.notes


def test_one_part_needs_no_split(tmp_path):
    table = read_table(write(tmp_path / "set", corpus_src=["a", "b"], corpus_tgt=["x", "y"]))
    assert {*table.frame.columns} == {"src", "tgt"}


def test_files_that_are_classes_stay_classes(tmp_path):
    table = read_table(write(tmp_path / "set", polarity_pos=["good"] * 3, polarity_neg=["bad"] * 3))
    assert list(table.frame.columns) == ["text", "label"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"train_en": ["a", "b"], "train_de": ["x"]},
            r'train.de" has 1 lines and "train.en" 2: parallel files have as many lines as each',
        ),
        (
            {"train_en": ["a"], "train_de": ["x"], "test_en": ["a"]},
            r'beside "test.en" there is no file in "de"',
        ),
        (
            {"train_en": ["a"], "train_de": ["x"], "test1_en": ["a"], "test1_de": ["b"]}
            | {"test2_en": ["a"], "test2_de": ["b"]},
            r"parallel files called test1, test2, train: which are train, valid and test\?",
        ),
    ],
)
def test_what_is_refused(tmp_path, files, message):
    with pytest.raises(UserError, match=message):
        read_table(write(tmp_path / "set", **files))


def test_a_header_of_languages_is_one(tmp_path):
    path = tmp_path / "pairs.tsv"
    rows = [f"a phrase of number {i}\tein Satz Nummer {i}\tpart{i % 7}" for i in range(60)]
    path.write_text("\n".join(["en\tde\tcomponent", *rows]))
    assert list(read_table(path).frame.columns) == ["en", "de", "component"]
