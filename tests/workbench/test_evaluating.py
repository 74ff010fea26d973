"""Scores on new data, for every task through its contract."""

import math

import numpy as np
import pytest

from seqlab import registry
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
    with pytest.raises(UserError, match=r"no row has a target \(60 rows without one\)"):
        predictor.evaluate(table.frame[["text"]])
