"""Metrics of examples that can have several labels, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn import metrics as sk

from seqlab import registry

RNG = np.random.default_rng(0)
TRUE = (RNG.random((90, 4)) < [0.2, 0.5, 0.4, 0.1]).astype(int)
GIVEN = np.clip(TRUE * 0.5 + RNG.random((90, 4)) * 0.6, 0.01, 0.99)
CHOSEN = GIVEN >= 0.5


def value(name, predictions=GIVEN, targets=TRUE):
    metric = registry.load("metrics", name)()
    return metric.value(metric.collect(predictions, targets))


EXPECTED = {
    "micro-f1": sk.f1_score(TRUE, CHOSEN, average="micro"),
    "macro-f1": sk.f1_score(TRUE, CHOSEN, average="macro"),
    "accuracy": sk.accuracy_score(TRUE, CHOSEN),
    "auroc": sk.roc_auc_score(TRUE, GIVEN, average="macro"),
    "log-loss": sk.log_loss(TRUE.ravel(), GIVEN.ravel()),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_agrees_with_scikit_learn(name):
    assert value(name) == pytest.approx(EXPECTED[name], abs=1e-9)


@pytest.mark.parametrize("name", [*EXPECTED, "calibration-error"])
def test_weights_are_repeated_examples(name):
    metric = registry.load("metrics", name)()
    weights = RNG.integers(0, 4, (4, len(TRUE)))
    reduced = metric.reduce(metric.collect(GIVEN, TRUE), weights.astype(float))
    for given, weight in zip(reduced, weights, strict=True):
        again = value(name, np.repeat(GIVEN, weight, axis=0), np.repeat(TRUE, weight, axis=0))
        assert given == pytest.approx(again)


@pytest.mark.parametrize("name", [*EXPECTED, "calibration-error"])
def test_a_lost_prediction_is_not_hidden(name):
    lost = GIVEN.copy()
    lost[3, 1] = np.nan
    assert np.isnan(value(name, lost))


def test_micro_f1_of_one_label_each_is_the_accuracy():
    classes = RNG.integers(0, 3, 60)
    probabilities = RNG.dirichlet(np.ones(3), 60)
    assert value("micro-f1", probabilities, classes) == value("accuracy", probabilities, classes)


def test_calibration_counts_every_decision():
    """Ten decisions at .9, of which five are right, are off by .4; sure and right ones by 0."""
    predictions = np.array([[0.9, 1.0]] * 10)
    targets = np.array([[1, 1]] * 5 + [[0, 1]] * 5)
    assert value("calibration-error", predictions, targets) == pytest.approx(0.4 / 2)
