"""What a caller hands over: one prediction for each of theirs, by their own index, or an error."""

import numpy as np
import pandas as pd
import pytest

from seqlab import SequenceClassifier
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classify import Classify
from seqlab.workbench.predictor import Predictor

TEXTS = [f"the {'great' if i % 2 else 'awful'} film {i}" for i in range(60)]


@pytest.fixture(scope="module")
def model():
    labels = [i % 2 for i in range(60)]
    return SequenceClassifier(mixer="bag", epochs=1, params=3000, refit=False).fit(TEXTS, labels)


def test_one_text_is_refused(model):
    with pytest.raises(UserError, match="X is one text"):
        model.predict("hello")


@pytest.mark.parametrize("texts", [b"hello", 3, None, np.array("a"), {"a", "b"}])
def test_what_is_no_list_of_texts_is_refused(model, texts):
    with pytest.raises(UserError, match=r"^X is"):
        model.predict(texts)


@pytest.mark.parametrize(
    "texts",
    [
        TEXTS[:3],
        np.array(TEXTS[:3]),
        pd.Series(TEXTS[:3], index=[7, 8, 9]),
        pd.DataFrame({"text": TEXTS[:3], "other": 1}),
        pd.DataFrame({"review": TEXTS[:3]}),
        {"text": TEXTS[:3], "other": [1, 2, 3]},
        (text for text in TEXTS[:3]),
    ],
    ids=["list", "array", "series", "frame", "frame of one column", "columns", "generator"],
)
def test_each_form_of_texts_gives_a_prediction_a_text(model, texts):
    assert len(model.predict(texts)) == 3


def test_a_frame_without_a_text_is_refused(model):
    with pytest.raises(UserError, match="X has 2 columns, none of which is called text"):
        model.predict(pd.DataFrame({"a": TEXTS[:3], "b": TEXTS[:3]}))


def test_predictions_keep_the_index_of_the_frame():
    frame = pd.DataFrame({"text": TEXTS, "label": [i % 2 for i in range(60)]})
    prepared = Classify.prepare(Sources(Table(frame, "t")), DataSpec(), 0)[0]
    predictor = Predictor(
        prepared.task, lambda examples: np.tile([0.4, 0.6], (len(examples), 1)), {}
    )
    new = pd.DataFrame({"text": ["a", None, "c"]}, index=["x", "y", "z"])
    shown = predictor.predict(new)
    assert shown.index.tolist() == ["x", "y", "z"]
    assert shown["predicted"].notna().all()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"column": ["the same"] * 3}),
        pd.DataFrame({"number": [1, 2, 3]}),
        pd.DataFrame({"id": ["r1", "r2", "r3"], "body": ["the same"] * 3}),
        pd.DataFrame(
            {"score": [1.5, 2.5, 3.5], "body": ["the same"] * 3, "label": ["a", "b", "a"]}
        ),
    ],
)
def test_texts_that_are_all_alike_are_found(frame):
    train = pd.DataFrame({"text": TEXTS, "label": [i % 2 for i in range(60)]})
    prepared = Classify.prepare(Sources(Table(train, "t")), DataSpec(), 0)[0]
    predictor = Predictor(prepared.task, lambda e: np.tile([0.4, 0.6], (len(e), 1)), {})
    shown = predictor.predict(frame)
    assert shown["predicted"].notna().all()
    assert shown["text"].tolist() == (["1", "2", "3"] if "number" in frame else ["the same"] * 3)
