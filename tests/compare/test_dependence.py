"""Are dependent examples counted as what they are: groups, stretches of time, series?"""

import numpy as np
import pytest

from bench.simulation.worlds import Windows
from seqlab.compare.decision import compare
from seqlab.compare.dependence import LEAST_BLOCKS, ways_in_time, ways_of
from seqlab.compare.variation import estimate
from seqlab.data.in_time import InTime
from seqlab.metrics.mae import Mae
from seqlab.metrics.rmse import Rmse
from tests.compare.studies import scored

RNG = np.random.default_rng(0)


def smooth(decay, shape):
    values = RNG.standard_normal(shape)
    for t in range(1, shape[-1]):
        fresh = np.sqrt(1 - decay**2) * values[..., t]
        values[..., t] = decay * values[..., t - 1] + fresh
    return values


def one_series(steps, horizon=1):
    return InTime(np.zeros(steps, dtype=int), np.arange(steps), horizon)


def test_independent_windows_count_one_by_one_almost():
    ways = ways_in_time(one_series(1000), smooth(0.0, (3, 1000)))
    assert ways.first.count == 500  # two horizons each
    assert not ways.short


def test_stretches_grow_with_the_memory_of_the_errors():
    counts = [
        ways_in_time(one_series(4000), smooth(d, (3, 4000))).first.count for d in (0, 0.7, 0.95)
    ]
    assert counts[0] > 4 * counts[1] > 12 * counts[2]


def test_overlap_alone_makes_stretches_of_at_least_two_horizons():
    windows = np.lib.stride_tricks.sliding_window_view(RNG.standard_normal((3, 2023)), 24, axis=1)
    ways = ways_in_time(one_series(2000, 24), windows.mean(axis=2))
    assert 8 <= ways.first.count <= 2000 / 48
    assert 0 < ways.bias < 0.3


def test_windows_that_begin_seldom_overlap_less():
    steps = np.arange(0, 2400, 24)
    seldom = InTime(np.zeros(100, dtype=int), steps, 24)
    assert ways_in_time(seldom, smooth(0.0, (3, 100))).first.count == 50


def test_too_few_stretches_are_said_to_be():
    ways = ways_in_time(one_series(100), smooth(0.98, (3, 100)))
    assert ways.first.count < LEAST_BLOCKS
    assert "the test part is too short to decide" in ways.short


def test_many_series_on_one_calendar_count_in_two_ways():
    series, step = np.repeat(np.arange(30), 200), np.tile(np.arange(200), 30)
    ways = ways_in_time(InTime(series, step, 1), smooth(0.0, (3, 6000)))
    assert ways.first.count == 30
    assert ways.second is not None
    assert ways.second[0].count == 100
    assert ways.second[1].count == 3000
    apart = ways_in_time(InTime(series, step, 1, calendar=False), smooth(0.0, (3, 6000)))
    assert (apart.first.count, apart.second) == (30, None)


def test_few_series_share_the_stretches_if_they_share_the_calendar():
    series, step = np.repeat(np.arange(3), 200), np.tile(np.arange(200), 3)
    shared = ways_in_time(InTime(series, step, 1), smooth(0.0, (3, 600)))
    own = ways_in_time(InTime(series, step, 1, calendar=False), smooth(0.0, (3, 600)))
    assert (shared.first.count, own.first.count) == (100, 300)


def test_blocks_are_numbered_whatever_their_names():
    ways = ways_of(np.array([7, 7, 40, 3, 3, 3]), 6)
    assert list(ways.first.labels) == [1, 1, 2, 0, 0, 0]
    assert ways_of(None, 6).first.count == 6
    assert ways_of(one_series(6), 6) is None


def test_a_shock_common_to_all_series_is_counted():
    """The variance of a mean, against many repetitions."""
    world = Windows("", (1.0, 1.0), series=30, steps=200, common=0.3, decay=0.5, seeds=2)
    differences, variances = [], []
    for number in range(80):
        study = world.draw(np.random.default_rng(number))
        found = estimate(study.contestants, Mae(), study.blocks, 0)
        differences.append(found.means[0] - found.means[1])
        variances.append(found.variances(np.array([[1.0, -1.0]]))[0])
    assert np.mean(variances) == pytest.approx(np.var(differences), rel=0.45)
    series_alone = estimate(study.contestants, Mae(), study.blocks.series, 0)
    assert series_alone.variances(np.array([[1.0, -1.0]]))[0] < 0.3 * np.mean(variances)


@pytest.mark.parametrize("metric", [Mae(), Rmse()])
def test_metrics_that_are_no_sums_find_their_stretches_too(metric):
    errors = np.abs(1 + 0.3 * smooth(0.8, (2, 3, 800)))
    pair = [scored(name, runs) for name, runs in zip("ab", errors, strict=True)]
    found = estimate(pair, metric, one_series(800), 0)
    assert 5 <= found.units <= 100
    assert found.unit == "stretch"


def test_nothing_is_decided_on_a_test_part_that_is_too_short():
    errors = np.stack([np.abs(v + smooth(0.98, (3, 60))) for v in (1.0, 9.0)])
    pair = [scored(name, runs) for name, runs in zip("ab", errors, strict=True)]
    comparison = compare(pair, Mae(), blocks=one_series(60, 12))
    assert comparison.short
    assert {s.status for s in comparison.standings} == {"best", "undecided"}
    assert not comparison.pairs[0].shown


def test_one_error_that_was_not_seen_is_of_one_example_not_of_a_whole_block():
    blocks = np.repeat(np.arange(10), 100)
    pair = [scored(n, np.ones((3, 1000))) for n in "ab"]
    from seqlab.metrics.accuracy import Accuracy

    found = estimate(pair, Accuracy(), blocks, 0)
    assert found.examples[0, 0] == pytest.approx(1 / 1000**2)
