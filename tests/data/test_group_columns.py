"""A column that says whose rows are is pointed out; measurements, names of rows and labels not."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data.group_columns import group_column, group_findings, names_owner

ROWS = 600
RNG = np.random.default_rng(0)


def frame(**columns):
    """Texts and labels beside other columns."""
    texts = [f"text number {n} of many" for n in RNG.permutation(ROWS)]
    return pd.DataFrame({"text": texts, "label": RNG.choice(["a", "b"], ROWS), **columns})


def found(**columns):
    return group_column(frame(**columns), ["text", "label"], ["label"])


def codes(count, form="S{:02d}"):
    return [form.format(number) for number in RNG.integers(0, count, ROWS)]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("subject", lambda: codes(10)),
        ("user_id", lambda: RNG.integers(1000, 1020, ROWS)),
        ("userId", lambda: RNG.integers(1000, 1020, ROWS)),
        ("Author", lambda: RNG.choice(["Jane Austen", "Herman Melville", "Mary Shelley"], ROWS)),
        ("document", lambda: np.arange(ROWS) // 2),
        ("review_author", lambda: codes(60, "writer {}")),
        ("who", lambda: codes(10)),
        ("who", lambda: codes(100, "user-{}")),
        ("key", lambda: RNG.choice(["3f2a90bc", "77de01aa", "0c4b1f2e", "91ab34cd", "aa"], ROWS)),
    ],
)
def test_owners_are_found(name, cells):
    values = cells()
    if name == "key":
        values = np.where(values == "aa", "5e6f7a8b", values)
    assert found(**{name: values}) == name


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("temperature", lambda: RNG.normal(size=ROWS)),
        ("age", lambda: RNG.integers(20, 60, ROWS)),
        ("user_id", lambda: np.arange(ROWS) + 7),  # of one row each
        ("user", lambda: RNG.choice(["x", "y"], ROWS)),  # too few for three parts
        ("author", lambda: ["the same"] * ROWS),
        ("quarter", lambda: RNG.choice(["Q1", "Q2", "Q3", "Q4"], ROWS)),
        ("colour", lambda: RNG.choice(["red", "green", "blue"], ROWS)),
        ("date", lambda: pd.date_range("2020-01-01", periods=ROWS // 10).repeat(10)),
        ("code", lambda: [f"R{number}" for number in range(ROWS)]),
        ("subject", lambda: [["a"]] * ROWS),
    ],
)
def test_others_are_not(name, cells):
    assert found(**{name: cells()}) is None


def test_a_telling_name_goes_first_and_the_coarsest_of_them():
    subjects = RNG.integers(0, 10, ROWS)
    sessions = [f"{subject}-{n % 3}" for n, subject in enumerate(subjects)]
    assert found(batch=codes(8, "B{}"), session=sessions, subject=subjects) == "subject"
    assert found(batch=codes(8, "B{}"), session=sessions) == "session"
    assert found(batch=codes(8, "B{}"), lab=codes(20, "L{}")) == "batch"


def test_the_label_is_no_group_under_whatever_name():
    authors = RNG.choice(["ann", "bob", "eve"], ROWS)
    numbers = pd.Series(authors).map({"ann": 11, "bob": 12, "eve": 13})
    table = pd.DataFrame({"text": codes(ROWS), "author": authors, "author_id": numbers})
    assert group_column(table, ["text", "author"], ["author"]) is None
    assert group_column(table, ["text"], []) is not None


def test_the_finding_says_what_to_do():
    table = frame(patient=RNG.integers(0, 10, ROWS))
    (finding,) = group_findings(table, None, ["text", "label"], ["label"])
    assert finding.title == 'several rows share a value of "patient" (10 values)'
    assert finding.advice.endswith("count it as one observation: --group patient")
    assert group_findings(table, "patient", ["text", "label"], ["label"]) == []


@pytest.mark.parametrize("name", ["subject", "PatientID", "user id", "session_no", "speakerId"])
def test_names_of_owners(name):
    assert names_owner(name)


@pytest.mark.parametrize("name", ["subjective", "id", "documentation", "userscore", "label", "x1"])
def test_other_names(name):
    assert not names_owner(name)
