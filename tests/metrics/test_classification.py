"""Classification metrics against scikit-learn and against values worked out by hand."""

import itertools
import time

import numpy as np
import pytest
from sklearn import metrics as reference

from seqlab import registry

RNG = np.random.default_rng(1)


def score(name, predictions, targets):
    metric = registry.load("metrics", name)()
    return metric.value(metric.collect(np.asarray(predictions, float), np.asarray(targets)))


def drawn(classes, n=300):
    targets = RNG.integers(0, classes, n)
    predictions = RNG.dirichlet(np.ones(classes), n) + 0.5 * np.eye(classes)[targets]
    return predictions / predictions.sum(axis=1, keepdims=True), targets


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_as_scikit_learn(classes):
    p, y = drawn(classes)
    guess = p.argmax(axis=1)
    area = p[:, 1] if classes == 2 else p
    expected = {
        "accuracy": reference.accuracy_score(y, guess),
        "macro-f1": reference.f1_score(y, guess, average="macro"),
        "log-loss": reference.log_loss(y, p),
        "auroc": reference.roc_auc_score(y, area, multi_class="ovr", average="macro"),
    }
    for name, value in expected.items():
        assert score(name, p, y) == pytest.approx(value, rel=1e-12), name


def expected_value(name, p, y, weights):
    guess = p.argmax(axis=1)
    match name:
        case "accuracy":
            return reference.accuracy_score(y, guess, sample_weight=weights)
        case "macro-f1":
            return reference.f1_score(y, guess, average="macro", sample_weight=weights)
        case "log-loss":
            return reference.log_loss(y, p, sample_weight=weights)
        case "auroc" if p.shape[1] == 2:
            return reference.roc_auc_score(y, p[:, 1], sample_weight=weights)
        case "auroc":
            return reference.roc_auc_score(np.eye(p.shape[1])[y], p, sample_weight=weights)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", ["accuracy", "macro-f1", "log-loss", "auroc"])
def test_weights_as_scikit_learn(name, classes):
    p, y = drawn(classes)
    weights = RNG.random((3, len(y)))
    metric = registry.load("metrics", name)()
    reduced = metric.reduce(metric.collect(p, y), weights)
    assert reduced == pytest.approx([expected_value(name, p, y, w) for w in weights], rel=1e-10)


def test_macro_f1_by_hand():
    # predicted a a b b, true a b b c: F1(a) = 2/3, F1(b) = 1/2, F1(c) = 0
    p = np.eye(4)[[0, 0, 1, 1]]
    assert score("macro-f1", p, [0, 1, 1, 2]) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_auroc_counts_ties_half():
    # members .5 .9, others .5 .1: pairs (.5 .5) ½, (.5 .1) 1, (.9 .5) 1, (.9 .1) 1
    p = np.array([[0.5, 0.5], [0.1, 0.9], [0.5, 0.5], [0.9, 0.1]])
    assert score("auroc", p, [1, 1, 0, 0]) == pytest.approx(3.5 / 4)


def test_auroc_leaves_out_classes_without_members_and_is_undefined_for_one_class():
    p, y = drawn(3)
    kept = y < 2
    areas = [reference.roc_auc_score(y[kept] == c, p[kept, c]) for c in (0, 1)]
    assert score("auroc", p[kept], y[kept]) == pytest.approx(np.mean(areas))
    assert np.isnan(score("auroc", p[y == 0], y[y == 0]))


def test_log_loss_of_a_certain_mistake_is_finite():
    assert score("log-loss", [[1.0, 0.0]], [1]) == pytest.approx(-np.log(np.finfo(float).eps))


def test_calibration_error_by_hand():
    # bins of 1/15: .95 .95 together (one right), .55 alone (right)
    p = [[0.05, 0.95], [0.05, 0.95], [0.55, 0.45]]
    gaps = abs((1 - 0.95) + (0 - 0.95)) + abs(1 - 0.55)
    assert score("calibration-error", p, [1, 0, 0]) == pytest.approx(gaps / 3)


def test_calibration_error_as_numpy_histogram():
    p, y = drawn(3)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    edges = np.linspace(0, 1, 16)
    inside = [(confidence > low) & (confidence <= high) for low, high in itertools.pairwise(edges)]
    gaps = [b.mean() * abs(right[b].mean() - confidence[b].mean()) for b in inside if b.any()]
    assert score("calibration-error", p, y) == pytest.approx(sum(gaps))


@pytest.mark.parametrize("name", ["macro-f1", "auroc", "calibration-error"])
def test_two_thousand_draws_of_five_thousand_examples_take_seconds(name):
    p, y = drawn(2, n=5000)
    metric = registry.load("metrics", name)()
    weights = RNG.poisson(1.0, (2000, 5000)).astype(float)
    statistics = metric.collect(p, y)
    start = time.perf_counter()
    values = metric.reduce(statistics, weights)
    assert time.perf_counter() - start < 5
    assert values.std() > 0
