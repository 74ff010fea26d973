"""Errors by group: Fairlearn's values, intervals that hold, small groups that are not judged."""

import numpy as np
import pytest

from seqlab.explain.groups import FEWEST_ROWS, Measure, by_group, by_term, class_measures
from seqlab.explain.proportions import wilson


def made(rng, sizes, shares):
    groups = np.repeat([f"g{i}" for i in range(len(sizes))], sizes)
    values = np.concatenate([rng.random(n) < p for n, p in zip(sizes, shares, strict=True)])
    return groups.tolist(), values.astype(float)


def test_values_are_fairlearns():
    metrics = pytest.importorskip("fairlearn.metrics")
    rng = np.random.default_rng(0)
    groups = rng.choice(["a", "b", "c"], 400)
    wanted, score = rng.integers(0, 2, 400), rng.random(400)
    probabilities = np.stack([1 - score, score], axis=1)
    found = by_group(groups.tolist(), class_measures(probabilities, wanted, 1))
    ours = {(one.group, one.measure): one.value for one in found}
    frame = metrics.MetricFrame(
        metrics={
            "false-positive rate": metrics.false_positive_rate,
            "false-negative rate": metrics.false_negative_rate,
            "error rate": lambda y, p: float(np.mean(np.asarray(y) != np.asarray(p))),
        },
        y_true=wanted,
        y_pred=(score > 0.5).astype(int),
        sensitive_features=groups,
    )
    for measure, by in frame.by_group.items():
        for group, value in by.items():
            assert ours[group, measure] == pytest.approx(value, abs=1e-12)


def test_a_group_that_fares_worse_is_found_and_one_of_few_rows_is_not_judged():
    rng = np.random.default_rng(1)
    groups, values = made(rng, [400, 400, FEWEST_ROWS - 1], [0.1, 0.3, 1.0])
    found = {one.group: one for one in by_group(groups, [Measure("error rate", values)])}
    assert found["g1"].apart
    assert found["g1"].difference.low > 0
    assert "higher than of all other rows" in found["g1"].sentence
    assert found["g2"].difference is None
    assert "too few to say" in found["g2"].sentence


def test_a_few_rows_of_a_small_group_do_not_widen_the_others():
    rng = np.random.default_rng(2)
    groups, values = made(rng, [200, 200, 2], [0.2, 0.2, 0.5])
    with_small = by_group(groups, [Measure("m", values)])[0].difference
    without = by_group(groups[:400], [Measure("m", values[:400])])[0].difference
    assert with_small.high - with_small.low < 1.2 * (without.high - without.low)


def test_rows_with_a_term_are_held_against_the_others():
    values = np.concatenate([np.ones(100), np.zeros(100)])
    (one,) = by_term(np.arange(200) < 50, [Measure("error rate", values)], "names")
    assert one.rows == 50
    assert one.difference.value == pytest.approx(1 - 1 / 3)


@pytest.mark.parametrize(("sizes", "repeats", "least"), [([60, 90, 150], 120, 0.9)])
def test_intervals_hold_together(sizes, repeats, least):
    check_coverage(sizes, repeats, least)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [[40, 200, 400], [35, 40, 50, 60, 300], [100] * 8])
def test_intervals_hold_together_for_many_and_small_groups(sizes):
    check_coverage(sizes, 1500, 0.93)


def check_coverage(sizes, repeats, least):
    rng = np.random.default_rng(3)
    shares = np.linspace(0.1, 0.3, len(sizes))
    held = 0
    for _ in range(repeats):
        groups, values = made(rng, sizes, shares)
        found = {one.group: one.difference for one in by_group(groups, [Measure("m", values)])}
        weight = np.array(sizes)
        true = {
            f"g{i}": p - np.delete(weight * shares, i).sum() / np.delete(weight, i).sum()
            for i, p in enumerate(shares)
        }
        held += all(d.low <= true[g] <= d.high for g, d in found.items())
    assert held / repeats >= least


def test_wilsons_interval():
    found = wilson(7, 20)  # as in Newcombe (1998)
    assert (found.value, found.low, found.high) == pytest.approx((0.35, 0.1812, 0.5671), abs=1e-4)
    assert wilson(0, 0).low == 0.0
