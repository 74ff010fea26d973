"""Scores on new data, for every task through its contract."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.workbench.predictor import Predictor
from tests.tasks.test_recognition import CASES, table_of

# The humblest baseline of each task.
HUMBLE = {
    "classify": "majority",
    "forecast": "last-value",
    "images": "majority",
    "language": "kneser-ney",
    "regress": "mean",
    "series": "majority",
    "span": "best-overlap",
    "tag": "frequent-tag",
    "transcribe": "common-transcript",
    "translate": "copy-source",
}


def humble(task, table):
    """A predictor that is fitted on a table at once."""
    name = HUMBLE[task]
    (prepared,) = registry.load("tasks", task).prepare(Sources(table), DataSpec(), 0)
    fitted = prepared.task
    baseline = registry.load("baselines", name)().fit(fitted, prepared.train, prepared.valid, 0)
    predictor = Predictor(fitted, lambda e: baseline.predict(fitted, e), {"candidate": name})
    return predictor, prepared


@pytest.mark.parametrize("case", CASES)
def test_every_task_is_scored_on_labelled_data(case, tmp_path):
    task, table = CASES[case][0], table_of(case, tmp_path)
    predictor, prepared = humble(task, table)
    found = predictor.evaluate(table)
    assert found.left_out == 0
    assert found.examples >= len(prepared.test)
    assert [score.metric for score in found.scores] == list(prepared.task.metrics)
    primary = found.scores[0]
    assert math.isfinite(primary.value)
    assert primary.low <= primary.value <= primary.high


WITHOUT = {  # what is wanted, by the column that says it
    "texts and labels": "label",
    "texts and numbers": "score",
    "two columns of texts": "tgt",
    "tokens and tags": "tags",
    "series a row with a class": "label",
}


@pytest.mark.parametrize("case", WITHOUT)
def test_rows_that_do_not_say_what_is_wanted_are_left_out(case, tmp_path):
    table = table_of(case, tmp_path)
    predictor, _ = humble(CASES[case][0], table)
    missing = table.frame.copy()
    column = missing[WITHOUT[case]].astype(object)
    column.iloc[:20] = None
    some = predictor.evaluate(missing.assign(**{WITHOUT[case]: column}))
    assert (some.left_out, some.examples) == (20, len(missing) - 20)
    rest = predictor.evaluate(missing.iloc[20:].reset_index(drop=True))
    values = [[score.value for score in found.scores] for found in (some, rest)]
    np.testing.assert_allclose(*values)


def test_nothing_to_score_is_said(tmp_path):
    table = table_of("texts and labels", tmp_path)
    predictor, _ = humble("classify", table)
    with pytest.raises(UserError, match=r"nothing can be scored \(left out: 60"):
        predictor.evaluate(table.frame[["text"]])


@pytest.mark.parametrize("case", ["texts and labels", "series a row with a class"])
def test_labels_that_training_does_not_have_are_named_and_wrong(case, tmp_path):
    task, table = CASES[case][0], table_of(case, tmp_path)
    predictor, _ = humble(task, table)
    before = predictor.evaluate(table)
    labels = table.frame["label"].astype(object).copy()
    labels.iloc[[3, 7, 11]] = ["maybe", "maybe", "never"]
    strange = replace(table, frame=table.frame.assign(label=labels))
    found = predictor.evaluate(strange)
    assert found.notes == ('training does not have "maybe" (2), "never" (1): counted as wrong',)
    assert (found.left_out, found.examples) == (0, before.examples)
    accuracies = [
        next(s.value for s in each.scores if s.metric == "accuracy") for each in (found, before)
    ]
    assert accuracies[0] < accuracies[1]
    assert all(score.metric == "auroc" or math.isfinite(score.value) for score in found.scores)
    if predictor.task.row_by_row:  # pieces with such labels are scored with pieces without
        path = tmp_path / "strange.csv"
        strange.frame.to_csv(path, index=False)
        pieces = predictor.evaluate(path, characters=200)
        assert pieces.scores == found.scores
        assert pieces.notes == found.notes


def test_labels_of_several_that_training_does_not_have_are_named(tmp_path):
    rows = [(f"text {i}", ["fun", "sad"][: i % 3]) for i in range(60)]
    table = Table(pd.DataFrame(rows, columns=["text", "labels"]), "t")
    predictor, _ = humble("classify", table)
    strange = table.frame.assign(labels=[[*own, "odd"] for own in table.frame["labels"]])
    found = predictor.evaluate(Table(strange, "new"))
    assert found.notes == ('training does not have "odd" (60): not scored',)
    assert found.scores == predictor.evaluate(table).scores


def test_tags_that_training_does_not_have_are_named(tmp_path):
    table = table_of("tokens and tags", tmp_path)
    predictor, _ = humble("tag", table)
    frame = table.frame.copy()
    frame["tags"] = [["B-NEW", *own[1:]] for own in frame["tags"]]
    found = predictor.evaluate(replace(table, frame=frame))
    assert found.notes == (f'training does not have "B-NEW" ({len(frame)}): counted as wrong',)


def test_why_examples_are_left_out_is_said(tmp_path):
    table = table_of("texts and labels", tmp_path)
    predictor, _ = humble("classify", table)
    frame = table.frame.astype(object)
    frame.loc[[1, 2], "label"] = None
    frame.loc[5, "text"] = None
    found = predictor.evaluate(replace(table, frame=frame))
    assert found.left_out == 2
    assert found.notes == ("left out: 2 examples, no target",)
