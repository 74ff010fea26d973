"""Synthetic sets: what each row asks for is answered right, and told to the right task."""

import numpy as np
import pytest

from seqlab import registry
from seqlab.data import catalogue
from seqlab.data.sources import read_table
from seqlab.errors import UserError
from seqlab.workbench.gathering import default_folder

MADE = [name for name, entry in catalogue.entries().items() if entry.sized is not None]


def reckoned(tokens):
    """The value of a ListOps expression, by a stack."""
    stack = [[]]
    for token in tokens:
        if token.startswith("["):
            stack.append([token[1:]])
        elif token == "]":
            name, *values = stack.pop()
            stack[-1].append(
                {"MAX": max, "MIN": min, "MED": lambda v: int(np.median(v))}.get(
                    name, lambda v: sum(v) % 10
                )(values)
            )
        else:
            stack[-1].append(int(token))
    return stack[0][0]


def added(text):
    return sum(int("".join(part.split())) for part in text.split("+"))


def recalled(tokens):
    known = {}
    answers = []
    for place, token in enumerate(tokens):
        told = place + 1 < len(tokens) and tokens[place + 1].startswith("v")
        if told:
            known[token] = tokens[place + 1]
        answers.append("-" if told or token.startswith("v") else known[token])
    return answers


RIGHT = {
    "adding": lambda steps: pytest.approx(sum(v for v, mark in steps if mark), abs=1e-3),
    "anbn": lambda text: "balanced" if text.count("a") == text.count("b") else "unbalanced",
    "copy": lambda text: text,
    "listops": lambda text: str(reckoned(text.split())),
    "mqar": recalled,
    "parity": lambda text: "odd" if text.count("1") % 2 else "even",
    "reverse": lambda text: " ".join(reversed(text.split())),
    "reversed-addition": lambda text: " ".join(reversed(str(added(text)))),
    "selective-copy": lambda text: " ".join(c for c in text.split() if c != "."),
}


@pytest.fixture(scope="module", params=MADE)
def made(request):
    return request.param, catalogue.load(request.param)


def test_every_set_is_tested():
    assert set(RIGHT) == set(MADE)


def test_every_answer_is_right(made):
    name, table = made
    inputs, answers = (table.frame[column] for column in table.frame)
    for given, answer in zip(inputs, answers, strict=True):
        assert answer == RIGHT[name](given), given


def test_rows_differ_and_are_enough(made):
    name, table = made
    inputs = table.frame.iloc[:, 0].map(str)
    assert len(inputs) == catalogue.entries()[name].rows
    assert not inputs.duplicated().any()


def test_its_task_recognises_it(made):
    name, table = made
    scores = {t: registry.load("tasks", t).recognise(table).score for t in registry.names("tasks")}
    assert max(scores, key=scores.get) == catalogue.entries()[name].task
    assert max(scores.values()) >= 0.5


@pytest.mark.parametrize("name", ["parity", "anbn"])
def test_classes_are_about_even(name):
    assert 0.4 < catalogue.load(name).frame["label"].value_counts(normalize=True).iloc[0] < 0.6


def test_the_same_name_gives_the_same_rows():
    assert catalogue.load("copy").fingerprint == catalogue.load("copy").fingerprint
    assert catalogue.load("copy:40").frame.equals(catalogue.load("copy").frame)


def test_another_length():
    longest = read_table("reverse:7").frame["src"].str.split().map(len)
    assert set(longest) == set(range(1, 8))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("copy:", 'data set "copy:": no length after the colon'),
        ("copy:0", 'data set "copy:0": the length must be 1 … 10,000'),
        ("copy:long", 'data set "copy:long": the length must be 1 … 10,000'),
        ("copy:99999", 'data set "copy:99999": the length must be 1 … 10,000'),
        ("characters:3", 'data set "characters" has no length'),
    ],
)
def test_a_length_that_makes_no_sense(name, message):
    with pytest.raises(UserError) as raised:
        read_table(name)
    assert raised.value.message == message


def test_a_study_of_another_length_has_a_folder_of_its_own():
    assert default_folder("copy:100", "translate").name == "copy-100-translate"
