"""Lists where texts belong, and lists in lists, are named in a line."""

import json

import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources

LISTED = 'row 1: a list where "{}" should hold a text; no other can be used either'
TWICE = 'a list within the list in "{}"'
NO_SERIES = "not a series of numbers"
CASES = {
    "tokens": ("tag", {"tokens": [["a"]], "tags": ["O"]}, TWICE.format("tokens")),
    "tags": ("tag", {"tokens": ["a", "b"], "tags": [["O", "O"]]}, TWICE.format("tags")),
    "source": ("translate", {"src": ["a"], "tgt": "b"}, LISTED.format("src")),
    "target": ("translate", {"src": "a", "tgt": ["b"]}, LISTED.format("tgt")),
    "text": ("classify", {"text": ["a", "b"], "label": "x"}, LISTED.format("text")),
    "context": (
        "span",
        {"context": ["a"], "question": "b", "answer": "a"},
        LISTED.format("context"),
    ),
    "frames": ("transcribe", {"frames": [[1.0], [1.0, 2.0]], "text": "ab"}, NO_SERIES),
    "values": ("series", {"series": ["a", "b"], "label": "x"}, NO_SERIES),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_nesting_is_an_error_of_one_line(name):
    task, row, message = CASES[name]
    frame = pd.DataFrame([row] * 30)
    if "label" in row:
        frame["label"] = ["a", "b"] * 15
    with pytest.raises(UserError) as raised:
        registry.load("tasks", task).prepare(Sources(Table(frame, "data.jsonl")), DataSpec(), 0)
    assert message in raised.value.message
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("paragraphs", "message"),
    [([{"context": "a b"}], "qas is missing"), ("a b", "wrong nesting")],
)
def test_squad_that_is_not_complete(paragraphs, message, tmp_path):
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"title": "x", "paragraphs": paragraphs}]}))
    with pytest.raises(UserError) as raised:
        read_table(path)
    said = f'"{path}": SQuAD\'s JSON is not complete: {message}, at question 1'
    assert raised.value.message == said


def test_a_text_of_one_character_is_too_short():
    table = Table(pd.DataFrame({"text": ["x"]}), "book.txt")
    with pytest.raises(UserError) as raised:
        registry.load("tasks", "language").prepare(Sources(table), DataSpec(), 0)
    assert raised.value.message == (
        '"book.txt": the valid part has 0 tokens, fewer than one block of 128'
    )
