"""The humble classifiers: against scikit-learn, stored without pickle, and where classes lack."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from seqlab import registry
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.baselines.tfidf import TfidfFeatures
from seqlab.data.table import Table
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classify import Classify
from tests.reviews import reviews


def prepare(labels=("neg", "pos"), rows=160):
    frame = pd.DataFrame(reviews(rows, labels=labels), columns=["text", "label"])
    return Classify.prepare(Sources(Table(frame, "x")), DataSpec(), 0)[0]


def fit(name, prepared, train=None):
    baseline = registry.load("baselines", name)()
    return baseline.fit(prepared.task, train or prepared.train, prepared.valid, 0)


def test_majority_gives_the_training_frequencies():
    prepared = prepare(("neg", "pos", "so-so"))
    counts = np.bincount(np.asarray(prepared.train.arrays["label"]))
    predictions = fit("majority", prepared).predict(prepared.task, prepared.test)
    assert predictions.shape == (len(prepared.test), 3)
    np.testing.assert_allclose(predictions[0], counts / counts.sum())


@pytest.mark.parametrize("labels", [("neg", "pos"), ("neg", "pos", "so-so")])
def test_tfidf_is_what_scikit_learn_makes_of_it(labels):
    prepared = prepare(labels)
    predictions = fit("tfidf-lr", prepared).predict(prepared.task, prepared.test)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    x = vectorizer.fit_transform(prepared.train.frame["text"])
    candidates = [
        LogisticRegression(C=strength, max_iter=300)
        .fit(x, prepared.train.arrays["label"])
        .predict_proba(vectorizer.transform(prepared.test.frame["text"]))
        for strength in (1.0, 4.0, 16.0)
    ]
    assert any(np.allclose(predictions, expected, atol=1e-8) for expected in candidates)


def test_a_class_that_its_training_part_lacks_gets_nothing():
    prepared = prepare(("neg", "pos", "so-so"))
    held = np.flatnonzero(np.asarray(prepared.train.arrays["label"]) != 1)
    predictions = fit("tfidf-lr", prepared, prepared.train.take(held)).predict(
        prepared.task, prepared.test
    )
    assert (predictions[:, 1] == 0).all()
    np.testing.assert_allclose(predictions.sum(axis=1), 1.0)


@pytest.mark.parametrize("name", ["majority", "tfidf-lr"])
@pytest.mark.parametrize("labels", [("neg", "pos"), ("neg", "pos", "so-so")])
def test_what_was_stored_predicts_alike(name, labels, tmp_path):
    prepared = prepare(labels)
    baseline = fit(name, prepared)
    save_baseline(baseline, tmp_path)
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".safetensors"}
    again = load_baseline(tmp_path)
    np.testing.assert_allclose(
        again.predict(prepared.task, prepared.test), baseline.predict(prepared.task, prepared.test)
    )
    assert again.parameters == baseline.parameters > 0


def test_single_words_are_told_apart_by_their_letters():
    names = pd.DataFrame({"text": ["Smith", "Jones", "Ivanov", "Petrov"]})
    assert TfidfFeatures.fit(names).vectorizer.analyzer == "char_wb"
    marks = pd.DataFrame({"text": ["! ? !", "? ? ?", ". , ."]})
    assert TfidfFeatures.fit(marks).vectorizer.analyzer == "char_wb"


def test_features_of_two_texts_say_what_they_share():
    frame = pd.DataFrame({"text": ["red cat", "red cat"], "text2": ["red cat", "blue dog"]})
    features = TfidfFeatures.fit(frame)
    x = features.transform(frame).toarray()
    one, other, product, gap = np.split(x, 4, axis=1)
    np.testing.assert_allclose(product, one * other)
    np.testing.assert_allclose(gap, np.abs(one - other))
    assert gap[0].sum() == pytest.approx(0)
    assert product[1].sum() == 0
