"""What the inspection finds: each planted fault, with where it is and what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqlab.data.group_columns import group_findings
from seqlab.data.inspection import (
    label_findings,
    split_findings,
    text_findings,
)
from seqlab.data.label_noise import noise_findings, quick_look
from seqlab.data.split_spec import SplitSpec
from seqlab.data.splits import RowsToDivide, split


def titled(findings, start):
    (found,) = [finding for finding in findings if finding.title.startswith(start)]
    if found.severity != "info":
        assert found.advice
    return found


def words(rng, count, vocabulary):
    return [" ".join(rng.choice(vocabulary, 12)) for _ in range(count)]


def test_texts():
    texts = [" ".join(["word"] * (1 + i % 50)) for i in range(200)] + ["", " ", "cafÃ© noir"]
    labels = ["a", "b", "c"] * 67 + ["a", "b"]
    findings = text_findings(texts, labels)
    lengths = titled(findings, "203 texts with a median of 25 words; 99 % have at most 50")
    assert lengths.detail == "the shortest has 0, the longest 50"
    assert titled(findings, "empty texts: 2 of 203").detail == "the first is in row 201"
    assert (
        'row 203: "cafÃ© noir"'
        in titled(findings, "texts that were probably read in the wrong").detail
    )
    assert titled(findings, "texts that repeat an earlier one: 150").severity == "warning"
    contradiction = titled(findings, "texts with more than one label: 50")
    assert contradiction.detail == '"word" is a, c, b (rows 1, 51, 101, 151)'


def test_texts_without_content():
    (finding,) = text_findings(["", "  "])
    assert (finding.severity, finding.title) == ("error", "all texts are empty")
    same = text_findings(["same"] * 4)
    assert titled(same, "all texts are the same").severity == "error"


@pytest.mark.parametrize(
    ("labels", "severity", "title"),
    [
        (["a"] * 50 + ["b"] * 50, "info", "2 classes"),
        (["a"] * 9, "error", "only one class"),
        (["a"] * 20 + ["b"], "error", 'class "b" has one example'),
        (["a"] * 20 + ["b"] * 5, "warning", "classes with fewer than 10 examples: 1"),
        (["a"] * 500 + ["b"] * 20, "warning", "the classes are imbalanced"),
        (["a", "b", None] * 20, "error", "rows without a label: 20 of 60"),
    ],
)
def test_labels(labels, severity, title):
    assert titled(label_findings(labels), title).severity == severity


def test_parts_leaks_and_unseen_labels():
    texts = ["one", "two", "three", "ONE", "two", "two", "six"]
    labels = ["a", "b", "a", "a", "b", "c", "a"]
    given = ["train"] * 3 + ["test"] * 2 + ["valid"] * 2
    rows = RowsToDivide(7, labels, texts, given=given)
    findings = split_findings(split(rows, SplitSpec()), labels)
    titled(findings, "parts: train 1, valid 2, test 2")
    leak = titled(findings, "training texts that are also in test: 2, in validation: 1")
    assert leak.severity == "info"
    titled(findings, "validation texts that are also in test: 1")
    titled(findings, 'label "c" is in valid but not in training')
    kept = split(rows, SplitSpec(keep_duplicates=True))
    assert titled(split_findings(kept, labels), "training texts that").severity == "warning"


def test_groups_are_pointed_out():
    frame = pd.DataFrame({"subject": list("abcd") * 5, "text": "x"})
    assert titled(group_findings(frame), 'several rows share a value of "subject"').advice.endswith(
        "--group subject"
    )
    assert group_findings(frame, "subject") == []


def test_planted_wrong_labels_are_found():
    rng = np.random.default_rng(0)
    common = np.array([f"w{i}" for i in range(200)])
    texts, labels = [], []
    for label in ("good", "bad"):
        own = np.array([f"{label}{i}" for i in range(20)])
        texts += words(rng, 600, np.concatenate([common, np.repeat(own, 10)]))
        labels += [label] * 600
    wrong = rng.choice(1200, 30, replace=False)
    for row in wrong:
        labels[row] = "bad" if labels[row] == "good" else "good"
    look = quick_look(texts, labels)
    found = {suspect.row for suspect in look.suspects}
    assert len(found & set(wrong)) >= 15
    assert len(found - set(wrong)) <= 3
    assert look.accuracy > 0.9
    assert look.majority < 0.6
    listed = titled(noise_findings(texts, labels), "labels that may be wrong: ")
    assert f"row {look.suspects[0].row + 1}: " in listed.detail
    assert listed.severity == "warning"


def test_texts_that_say_nothing_about_labels():
    rng = np.random.default_rng(1)
    texts = words(rng, 200, np.array([f"w{i}" for i in range(50)]))
    findings = noise_findings(texts, list(rng.choice(["a", "b"], 200)))
    assert titled(findings, "TF-IDF + logistic regression has an accuracy of").severity == "warning"
    assert noise_findings(texts[:20], ["a", "b"] * 10) == []
