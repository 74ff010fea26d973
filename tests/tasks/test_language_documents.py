"""Files and tables to documents and parts: contiguous and complete; what is left out is counted."""

from __future__ import annotations

import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.language import Language
from seqlab.tasks.language_modelling.documents import divide
from seqlab.workbench.gathering import choose_task
from seqlab.workbench.gathering import recognise as recognise_all
from tests.tasks.language_data import prose, table


def parts_of(source, valid=None, test=None, **settings):
    return divide(Sources(source, valid, test), DataSpec(**settings))


def texts(part):
    return [document.text for document in part]


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("Chapter 1\n\n  " + prose(2000), encoding="utf-8")
    return path


def test_a_text_file_is_one_document_blank_lines_and_all(book):
    parts = parts_of(read_table(book))
    whole = "".join(texts(parts.all))
    assert whole == book.read_text(encoding="utf-8")
    assert {d.name for d in parts.all} == {"book.txt"}
    assert parts.how == "90/5/5 of the text in its order, by characters"
    sizes = [len("".join(texts(part))) / len(whole) for part in (parts.train, parts.test)]
    assert sizes == pytest.approx([0.9, 0.05], abs=0.001)
    assert parts.valid[0].at == len(parts.train[0].text)


def test_prose_is_recognised_and_labelled_lines_are_not(book, tmp_path):
    assert choose_task(Sources(read_table(book)), None, {})[0] == "language"
    labelled = tmp_path / "questions.txt"
    labelled.write_text("".join(f"{'ABC'[i % 3]} what is it {i}\n" for i in range(40)))
    assert choose_task(Sources(read_table(labelled)), None, {})[0] == "classify"
    jsonl = tmp_path / "docs.jsonl"
    jsonl.write_text(
        "".join(
            f'{{"text": "{prose(16, i)[:-1]!s}"}}\n'.replace("\n", " ", 1) + "\n" for i in range(40)
        )
    )
    assert Language.recognise(read_table(jsonl)).score == 0.7
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("y\n" + "\n".join(str(i / 7) for i in range(60)))
    assert Language.recognise(read_table(numbers)).score == 0


def test_a_folder_of_parts_keeps_them(tmp_path):
    for part, seed in (("train", 0), ("valid", 1), ("test", 2)):
        (tmp_path / f"{part}.txt").write_text(prose(400, seed))
    parts = parts_of(read_table(tmp_path))
    assert texts(parts.train) == [prose(400)]
    assert texts(parts.valid) == [prose(400, 1)]
    assert texts(parts.test) == [prose(400, 2)]
    assert parts.how == "the parts as given"


def test_a_folder_of_texts_is_one_document_a_file_when_asked_for(tmp_path):
    for name in ("anna", "bert", "carl"):
        (tmp_path / f"{name}.txt").write_text(f"{name}\n\n" + prose(400))
    parts = parts_of(read_table(tmp_path))
    assert {d.name for d in parts.all} == {"anna.txt", "bert.txt", "carl.txt"}
    assert "".join(texts(parts.all)) == "".join(
        (tmp_path / f"{n}.txt").read_text() for n in ("anna", "bert", "carl")
    )
    assert [d.ends for d in parts.train] == [True, True, False]


def test_many_documents_stay_whole_and_in_order():
    documents = [f"{i} {prose(16, i)}" for i in range(40)]
    parts = parts_of(table(documents))
    assert texts(parts.all) == documents
    assert len(parts.valid) == len(parts.test) == 2
    assert parts.how.endswith("by whole documents")


def test_given_parts_and_what_is_missing():
    train, held = table([prose(800)]), table([prose(100, 1)])
    both = parts_of(train, held, table([prose(100, 2)]))
    assert (texts(both.valid), texts(both.test)) == ([prose(100, 1)], [prose(100, 2)])
    only_test = parts_of(train, test=held)
    assert texts(only_test.test) == [prose(100, 1)]
    assert "".join(texts([*only_test.train, *only_test.valid])) == prose(800)
    only_valid = parts_of(train, held)
    assert texts(only_valid.test) == [prose(100, 1)]
    assert "used as test" in only_valid.notes[0]


def test_empty_rows_are_counted():
    parts = parts_of(table([prose(400), "", "  ", prose(400, 1)]))
    assert parts.notes == ("rows without a text, left out: 2 (row 2 first)",)


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        (table(["", " "]), {}, '"corpus.jsonl": all texts are empty'),
        (
            table([prose(80)], body=[prose(90)], text=[1]),
            {"columns": {"text": "text"}},
            '"corpus.jsonl": column "text" holds numbers, not texts',
        ),
        (
            table([prose(80)] * 3, one=[prose(90)] * 3, split=["train", "train", "test"]),
            {"split": "80/10/10"},
            "--split: the data brings its own parts (train, test)",
        ),
        (
            table(prose(80)),
            {"split": "2020-01-01,2021-01-01"},
            "--split 2020-01-01,2021-01-01: texts have no dates",
        ),
        (
            table(prose(80)),
            {"columns": {"text": "txt"}},
            '"corpus.jsonl": unknown column "txt"; did you mean "text"?',
        ),
    ],
)
def test_data_that_cannot_be_used(source, settings, message):
    with pytest.raises(UserError) as error:
        parts_of(source, **settings)
    assert error.value.message == message


def test_several_columns_of_text_are_asked_about():
    source = table([prose(80, 9 - i) for i in range(4)])
    frame = source.frame.rename(columns={"text": "left"}).assign(
        right=[prose(80, i) for i in range(4)]
    )
    with pytest.raises(UserError) as error:
        parts_of(type(source)(frame, "pairs.csv"))
    assert error.value.message == '"pairs.csv": which of the columns holds the text? (left, right)'


def test_only_text_is_a_role():
    assert registry.card("tasks", "language")["roles"] == ["text"]


def test_long_texts_beside_numbers_of_rows_are_recognised():
    texts = [prose(200, i) for i in range(30)]
    found = Language.recognise(table(texts, id=[f"a-{i}" for i in range(30)], year=range(30)))
    assert found.score == 0.55
    labelled = table(texts, id=range(30), author=["anna", "bert"] * 15)
    assert Language.recognise(labelled).score == 0
    assert choose_task(Sources(labelled), None, {})[0] == "classify"


FILES = {
    "paragraphs": {"hamlet.txt": prose(200) + "\n\n" + prose(200), "lear.txt": "A\n\nB\n" * 9},
    "few lines each": {"rain.txt": "It rained.\n", "mat.txt": "The cat\nsat on it.", "a.txt": "A"},
    "numbered": {f"chapter{i}.txt": prose(100, seed=i) for i in range(1, 13)},
}


def folder_of(path, files):
    for name, text in files.items():
        (path / name).write_text(text)
    return read_table(path)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_of_texts_is_told_from_a_folder_of_classes(name, tmp_path):
    found = recognise_all(folder_of(tmp_path, FILES[name]))
    assert max(found, key=lambda task: found[task].score) == "language"
    assert found["language"].why.startswith(f"{len(FILES[name])} files, ")
    assert found["language"].why.endswith("so each is a text: language")


def test_a_file_a_class_stays_one(tmp_path):
    lines = {f"class{i}.txt": prose(400, seed=i) for i in range(3)}
    found = recognise_all(folder_of(tmp_path, lines))
    assert max(found, key=lambda task: found[task].score) == "classify"


def test_folders_of_texts_are_classes(tmp_path):
    for label in ("calm", "angry"):
        (tmp_path / label).mkdir()
        for i in range(6):
            (tmp_path / label / f"{i}.txt").write_text(prose(40, seed=i))
    found = recognise_all(read_table(tmp_path))
    assert max(found, key=lambda task: found[task].score) == "classify"


def test_numbered_files_come_in_their_order(tmp_path):
    table = folder_of(tmp_path, FILES["numbered"])
    expected = [f"chapter{i}.txt" for i in range(1, 13)]
    assert table.documents["name"].tolist() == expected
