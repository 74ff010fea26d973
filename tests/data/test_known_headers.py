"""A first line made of the names that a model knows is a header, whatever characters it has."""

from pathlib import Path

import pytest

from seqlab.data.delimited import DelimitedRows
from seqlab.data.pieces import in_pieces
from seqlab.data.sources import read_table
from seqlab.data.tabular import table_of

ASKED = "What did you like?"
ROWS = "fine weather\nold shoes\nnew song\n"


@pytest.mark.parametrize("name", ["new.csv", "new.tsv", "new.txt"])
def test_a_single_known_name_is_a_header(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(f"{ASKED}\n{ROWS}", encoding="utf-8")
    frame = read_table(path, known=[ASKED, "Good?"]).frame
    assert list(frame.columns) == [ASKED]
    assert frame[ASKED].tolist() == ROWS.split("\n")[:-1]
    (piece,) = in_pieces(path, known=[ASKED, "Good?"])
    assert piece.frame.equals(frame)


def test_a_line_with_another_word_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text(f"{ASKED} Really\n{ROWS}", encoding="utf-8")
    assert len(read_table(path, known=[ASKED]).frame) == 4


def test_a_blank_first_line_is_no_header() -> None:
    rows = DelimitedRows([[""], *([line] for line in ROWS.split("\n")[:-1])], [1, 2, 3, 4])
    assert len(table_of(rows, "new.csv", None, [], known=[ASKED]).frame) == 4


@pytest.mark.parametrize("written", ["WHAT DID YOU LIKE?", "Отзыв", "отзыв"])
@pytest.mark.parametrize("name", ["new.csv", "new.txt"])
def test_known_names_in_other_letters_are_a_header(tmp_path: Path, name: str, written: str) -> None:
    path = tmp_path / name
    path.write_text(f"{written}\nчто-то\n{ROWS}", encoding="utf-8")
    assert list(read_table(path, known=[ASKED, "Отзыв"]).frame) == [written]
    assert len(read_table(path, known=["Имя"]).frame) == 5
