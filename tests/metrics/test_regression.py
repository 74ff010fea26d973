"""Spearman's correlation against scipy's, unweighted, weighted, tied and with what is missing."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from seqlab.metrics.spearman import Spearman

RNG = np.random.default_rng(0)


def value(predictions, targets):
    metric = Spearman()
    return metric.value(metric.collect(np.asarray(predictions, float), np.asarray(targets, float)))


def test_agrees_with_scipy_with_and_without_ties():
    targets = RNG.normal(size=(80, 1))
    predictions = targets + RNG.normal(size=(80, 1))
    assert value(predictions, targets) == pytest.approx(spearmanr(predictions, targets)[0])
    tied, also = predictions.round(), targets.round()
    assert value(tied, also) == pytest.approx(spearmanr(tied, also)[0])


def test_only_the_order_counts():
    targets = RNG.normal(size=(30, 1))
    assert value(np.exp(3 * targets), targets) == pytest.approx(1.0)
    assert value(-targets, targets) == pytest.approx(-1.0)


def test_weights_are_repeated_examples():
    targets = RNG.integers(0, 6, (50, 1)).astype(float)
    predictions = targets + RNG.integers(0, 4, (50, 1))
    metric = Spearman()
    weights = RNG.integers(0, 3, (130, 50))
    reduced = metric.reduce(metric.collect(predictions, targets), weights.astype(float))
    for given, weight in zip(reduced, weights, strict=True):
        expected = spearmanr(np.repeat(predictions, weight), np.repeat(targets, weight))[0]
        assert given == pytest.approx(expected)


def test_targets_are_averaged_and_missing_ones_do_not_count():
    targets = RNG.normal(size=(40, 2))
    predictions = targets + RNG.normal(size=(40, 2))
    hidden = targets.copy()
    hidden[::4, 1] = np.nan
    known = ~np.isnan(hidden[:, 1])
    first = spearmanr(predictions[:, 0], targets[:, 0])[0]
    second = spearmanr(predictions[known, 1], targets[known, 1])[0]
    assert value(predictions, hidden) == pytest.approx((first + second) / 2)


def test_what_does_not_vary():
    targets = RNG.normal(size=(20, 1))
    assert value(np.ones((20, 1)), targets) == 0.0
    assert np.isnan(value(targets, np.ones((20, 1))))
