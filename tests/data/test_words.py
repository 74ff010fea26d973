"""Words of texts of any length."""

import random
import tracemalloc

import pytest

from seqlab.data import words
from seqlab.data.delimited import split_rows
from seqlab.data.duplicates import normalise, text_keys
from seqlab.tasks.inputs.cells import as_list, as_tags, count_tags, count_values

TEXTS = [
    "",
    " ",
    "one",
    " a b ",
    "a\tb\u2003c\nd",
    "x" * 50,
    "ab " * 20,
    "\u00e9t\u00e9  \u00df\x1c fin",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_stretches_hold_the_words_of_the_whole(text, size, monkeypatch):
    monkeypatch.setattr(words, "STRETCH", size)
    assert "".join(words.stretches(text)) == text
    assert list(words.words(text)) == text.split()
    assert words.count_words(text) == len(text.split())
    assert words.single_spaced(text) == " ".join(text.split())


def test_a_long_text_is_counted_in_little_memory():
    text = " ".join(random.Random(0).choices(["alpha", "beta", "c"], k=2_000_000))
    tracemalloc.start()
    count = words.count_words(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2_000_000
    assert peak < 2 * len(text)  # a list of its words takes ten times as much


@pytest.mark.parametrize(
    "cell", ["a b c", "[1, 2, 3]", "['a', 'b']", " [x", None, ["a"], "", "O,B"]
)
def test_values_are_counted_as_they_are_read(cell):
    assert count_values(cell) == len(as_list(cell) or ())
    for count in (1, 2, 3):
        assert count_tags(cell, count) == len(as_tags(cell, count) or ())


def test_duplicates_are_told_by_digests_of_their_words():
    keys = text_keys(["A  b", "a b ", "ab", "", "  ", "a b"])
    assert keys.tolist() == [0, 0, 1, -1, -1, 0]
    assert normalise(" A\tb ") == "a b"


def test_quoted_fields_span_lines():
    rows = split_rows('a,b\n"x\ny",1\n"z ""q""",2', ",")
    assert rows.cells == [["a", "b"], ["x\ny", "1"], ['z "q"', "2"]]
    assert rows.lines == [1, 3, 4]
