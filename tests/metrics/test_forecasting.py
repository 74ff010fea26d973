"""Forecasting metrics against scikit-learn and against values worked out by hand."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn import metrics as reference

from seqlab import registry
from seqlab.metrics.quantiles import Quantiles

RNG = np.random.default_rng(2)


def score(name, predictions, targets):
    metric = registry.load("metrics", name)()
    return metric.value(metric.collect(np.asarray(predictions, float), np.asarray(targets, float)))


def drawn(shape=(50, 6, 3), offset=0.0):
    targets = RNG.normal(offset, 2.0, shape) + np.arange(shape[-1])
    return targets + RNG.normal(0.0, 1.0, shape), targets


def test_as_scikit_learn():
    predicted, wanted = drawn()
    flat = predicted.ravel(), wanted.ravel()
    rows = wanted.reshape(-1, 3), predicted.reshape(-1, 3)
    expected = {
        "mae": reference.mean_absolute_error(*flat),
        "mase": reference.mean_absolute_error(*flat),
        "mse": reference.mean_squared_error(*flat),
        "rmse": reference.root_mean_squared_error(*flat),
        "r2": reference.r2_score(*rows),
    }
    for name, value in expected.items():
        assert score(name, predicted, wanted) == pytest.approx(value, rel=1e-12), name


def test_weighted_r2_and_rmse_as_scikit_learn():
    predicted, wanted = drawn((80, 1, 2))
    weights = RNG.random((3, 80))
    y, p = wanted[:, 0], predicted[:, 0]
    for name, function in (
        ("r2", lambda w: reference.r2_score(y, p, sample_weight=w)),
        ("rmse", lambda w: np.sqrt(reference.mean_squared_error(y, p, sample_weight=w))),
    ):
        metric = registry.load("metrics", name)()
        values = metric.reduce(metric.collect(predicted, wanted), weights)
        assert values == pytest.approx([function(w) for w in weights], rel=1e-10), name


def test_missing_targets_are_not_counted():
    wanted = [[[1.0], [np.nan]], [[3.0], [5.0]]]
    predicted = [[[2.0], [100.0]], [[3.0], [8.0]]]
    assert score("mae", predicted, wanted) == pytest.approx((1 + 0 + 3) / 3)
    assert score("mse", predicted, wanted) == pytest.approx((1 + 0 + 9) / 3)
    assert score("rmse", predicted, wanted) == pytest.approx(np.sqrt(10 / 3))
    assert score("smape", predicted, wanted) == pytest.approx(200 * (1 / 3 + 0 + 3 / 13) / 3)
    assert score("r2", predicted, wanted) == pytest.approx(1 - 10 / 8)


def test_an_example_without_known_targets_changes_nothing():
    predicted, wanted = drawn((20, 2, 1))
    longer = np.concatenate([wanted, np.full((1, 2, 1), np.nan)])
    more = np.concatenate([predicted, np.ones((1, 2, 1))])
    for name in ("mae", "mse", "mase", "smape", "rmse", "r2"):
        assert score(name, more, longer) == pytest.approx(score(name, predicted, wanted)), name


def test_smape_of_zero_predicted_as_zero_is_zero():
    assert score("smape", [[[0.0], [1.0]]], [[[0.0], [-1.0]]]) == pytest.approx(100.0)


def test_r2_of_the_mean_is_zero_far_from_zero_too():
    _, wanted = drawn((40, 3, 2), offset=1e6)
    mean = np.broadcast_to(wanted.mean(axis=(0, 1)), wanted.shape)
    assert score("r2", mean, wanted) == pytest.approx(0.0, abs=1e-9)


def test_r2_leaves_out_a_constant_channel_and_is_undefined_without_variation():
    predicted, wanted = drawn((40, 3, 2))
    wanted[..., 1] = 0.1
    alone = score("r2", predicted[..., :1], wanted[..., :1])
    assert score("r2", predicted, wanted) == pytest.approx(alone)
    assert np.isnan(score("r2", predicted[..., 1:], wanted[..., 1:]))


def quantile_score(name, values, targets, levels):
    metric = registry.load("metrics", name)()
    given = Quantiles(np.asarray(values, float), levels)
    return metric.value(metric.collect(given, np.asarray(targets, float)))


def test_scores_of_quantiles_by_hand():
    # y = 5 and 1, quantiles 2 4 8 at 0.1 0.5 0.9
    values, levels = [[[2.0, 4, 8]], [[2.0, 4, 8]]], (0.1, 0.5, 0.9)
    losses = np.array([[0.1 * 3, 0.5 * 1, 0.1 * 3], [0.9 * 1, 0.5 * 3, 0.1 * 7]])
    assert quantile_score("pinball", values, [[5], [1]], levels) == pytest.approx(losses.mean())
    shares = [0.3, 0.4, 0.3]  # of the probabilities, those nearest to each level
    expected = 2 * (losses * shares).sum(axis=1).mean()
    assert quantile_score("crps", values, [[5], [1]], levels) == pytest.approx(expected)
    assert quantile_score("coverage", values, [[5], [1]], levels) == pytest.approx(0.5)
    assert quantile_score("coverage", values, [[5], [np.nan]], levels) == pytest.approx(1)


def test_pinball_as_scikit_learn():
    predicted, wanted = drawn((50, 6))
    for level in (0.1, 0.7):
        expected = reference.mean_pinball_loss(wanted.ravel(), predicted.ravel(), alpha=level)
        found = quantile_score("pinball", predicted[..., None], wanted, (level,))
        assert found == pytest.approx(expected)


def test_crps_of_many_quantiles_is_that_of_the_distribution():
    """Of a standard normal at 0: 2φ(0) − 1/√π (Gneiting and Raftery, 2007)."""
    levels = (np.arange(999) + 0.5) / 999
    values = norm.ppf(levels)[None, None]
    expected = 2 * norm.pdf(0) - 1 / np.sqrt(np.pi)
    found = quantile_score("crps", values, [[0.0]], tuple(levels))
    assert found == pytest.approx(expected, rel=1e-3)


def test_without_quantiles_crps_is_the_absolute_error():
    predicted, wanted = drawn((50, 6))
    assert score("crps", predicted, wanted) == pytest.approx(score("mae", predicted, wanted))
    assert score("coverage", predicted, wanted) == 0


def test_spaces_and_margins():
    spaces = {
        "mae": "standard",
        "mse": "standard",
        "mase": "scaled",
        "smape": "natural",
        "rmse": "natural",
    }
    for name, space in spaces.items():
        metric = registry.load("metrics", name)
        assert (metric.space, metric.margin, metric.relative_margin) == (space, 0.02, True)
