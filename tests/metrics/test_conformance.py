"""What every registered metric must keep, whoever wrote it."""

import numpy as np
import pytest

from seqlab import registry
from seqlab.metrics.base import AdditiveMetric, Metric

RNG = np.random.default_rng(0)


def example_data(metric, n=60, rng=RNG):
    """Predictions and targets as the metric's task hands them over."""
    if "classify" in registry.card("metrics", metric.name)["tasks"]:
        targets = rng.integers(0, 3, n)
        return rng.dirichlet(np.ones(3), n) * 0.7 + 0.3 * np.eye(3)[targets], targets
    targets = rng.normal(5.0, 2.0, (n, 4, 2))
    targets[rng.random(targets.shape) < 0.1] = np.nan
    return np.nan_to_num(targets, nan=5.0) + rng.normal(size=targets.shape), targets


def metrics():
    return [registry.load("metrics", name)() for name in registry.names("metrics")]


served = pytest.mark.parametrize(
    "metric",
    [
        m
        for m in metrics()
        if {"classify", "forecast", "regress"} & {*registry.card("metrics", m.name)["tasks"]}
    ],
    ids=lambda m: m.name,
)


@served
def test_declares_what_the_comparison_needs(metric):
    assert isinstance(metric, Metric)
    assert isinstance(metric.higher_is_better, bool)
    assert metric.space in ("natural", "standard", "scaled")
    assert 0 < metric.margin < 1


@served
def test_integer_weights_are_repeated_examples(metric):
    predictions, targets = example_data(metric)
    statistics = metric.collect(predictions, targets)
    weights = RNG.integers(0, 4, (5, len(targets))).astype(float)
    reduced = metric.reduce(statistics, weights)
    assert reduced.shape == (5,)
    for value, weight in zip(reduced, weights.astype(int), strict=True):
        again = metric.collect(
            np.repeat(predictions, weight, axis=0), np.repeat(targets, weight, axis=0)
        )
        assert value == pytest.approx(metric.value(again), rel=1e-12)


@served
def test_statistics_do_not_depend_on_the_batch(metric):
    predictions, targets = example_data(metric)
    whole = metric.collect(predictions, targets)
    parts = [metric.collect(predictions[i : i + 7], targets[i : i + 7]) for i in range(0, 60, 7)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


@served
def test_better_predictions_score_better(metric):
    predictions, targets = example_data(metric)
    best = np.eye(3)[targets] if targets.ndim == 1 else np.nan_to_num(targets, nan=5.0)
    values = [metric.value(metric.collect(p, targets)) for p in (best, predictions)]
    assert (values[0] > values[1]) == metric.higher_is_better


@served
def test_additive_statistics_are_a_total_and_a_count(metric):
    predictions, targets = example_data(metric)
    statistics = metric.collect(predictions, targets)
    if isinstance(metric, AdditiveMetric):
        assert statistics.shape == (60, 2)
        assert metric.value(statistics) == pytest.approx(
            statistics[:, 0].sum() / statistics[:, 1].sum()
        )


@served
def test_lost_predictions_are_not_hidden(metric):
    """A prediction that is not a number must not count as a good one."""
    predictions, targets = example_data(metric)
    predictions = predictions.copy()
    predictions[3] = np.nan
    statistics = metric.collect(predictions, targets)
    assert not np.isfinite(statistics).all()
    assert np.isnan(metric.value(statistics))
