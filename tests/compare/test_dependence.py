"""Are dependent examples counted as what they are: groups, stretches of time, series?"""

import numpy as np
import pytest

from bench.simulation.worlds import Windows
from seqlab.compare.decision import compare
from seqlab.compare.dependence import FEWEST_WAVES, Waves, ways_in_time, ways_of
from seqlab.compare.variation import estimate
from seqlab.data.dependence import InTime
from seqlab.metrics.accuracy import Accuracy
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


def test_waves_give_the_variance_of_a_sum_of_dependent_errors():
    """Against many repetitions, and a sum over single steps that knows nothing of neighbours."""
    sums, waves, alone = [], [], []
    for _ in range(300):
        errors = smooth(0.8, (1, 800))
        sums.append(errors.sum())
        waves.append(np.square(Waves(np.arange(800), 20).terms(errors)).sum())
        alone.append(np.square(errors).sum())
    assert np.mean(waves) == pytest.approx(np.var(sums), rel=0.25)
    assert np.mean(alone) < 0.2 * np.var(sums)


def test_waves_of_each_series_are_its_own():
    errors = np.concatenate([np.ones(50), -np.ones(50)])[None] * np.sin(np.arange(100))
    place, series = np.tile(np.arange(50), 2), np.repeat([0, 1], 50)
    together = Waves(place, 5).terms(errors)
    own = Waves(place, 5, series).terms(errors)
    assert (together.shape, own.shape) == ((1, 5), (1, 10))
    assert together == pytest.approx(own[:, :5] + own[:, 5:])


def count(*arguments):
    return ways_in_time(*arguments).first.count


def test_fewer_stretches_the_longer_the_errors_remember():
    counts = [count(one_series(4000), smooth(d, (3, 4000))) for d in (0, 0.7, 0.95)]
    assert counts[0] > 2 * counts[1] > 6 * counts[2]


def test_overlap_alone_makes_stretches_of_at_least_three_horizons():
    windows = np.lib.stride_tricks.sliding_window_view(RNG.standard_normal((3, 2023)), 24, axis=1)
    ways = ways_in_time(one_series(2000, 24), windows.mean(axis=2))
    assert 8 <= ways.first.count <= 2000 / 72 + 1
    assert 0 < ways.missed < 0.2


def test_windows_that_begin_seldom_overlap_less():
    seldom = InTime(np.zeros(100, dtype=int), np.arange(0, 2400, 24), 24)
    assert count(seldom, smooth(0.0, (3, 100))) == pytest.approx(34, abs=2)


def test_too_few_stretches_are_said_to_be():
    ways = ways_in_time(one_series(100), smooth(0.98, (3, 100)))
    assert ways.first.count <= FEWEST_WAVES
    assert "the test part is too short to decide" in ways.short


def test_many_series_on_one_calendar_count_in_two_ways():
    series, step = np.repeat(np.arange(30), 200), np.tile(np.arange(200), 30)
    ways = ways_in_time(InTime(series, step, 1), smooth(0.0, (3, 6000)))
    assert ways.first.count == 30
    assert ways.second is not None
    assert ways.second[1].freedom == 30 * ways.second[0].freedom
    apart = ways_in_time(InTime(series, step, 1, calendar=False), smooth(0.0, (3, 6000)))
    assert (apart.first.count, apart.second) == (30, None)


def test_few_series_share_the_stretches_if_they_share_the_calendar():
    series, step = np.repeat(np.arange(3), 200), np.tile(np.arange(200), 3)
    shared = ways_in_time(InTime(series, step, 1), smooth(0.0, (3, 600))).first
    own = ways_in_time(InTime(series, step, 1, calendar=False), smooth(0.0, (3, 600))).first
    assert isinstance(shared, Waves)
    assert isinstance(own, Waves)
    assert shared.series is None
    assert own.freedom == 3 * own.waves


def test_blocks_are_numbered_whatever_their_names():
    ways = ways_of(np.array([7, 7, 40, 3, 3, 3]), 6)
    assert list(ways.first.labels) == [1, 1, 2, 0, 0, 0]
    assert ways_of(None, 6).first.count == 6


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
    assert FEWEST_WAVES <= found.units <= 100
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
    found = estimate(pair, Accuracy(), blocks, 0)
    assert found.examples[0, 0] == pytest.approx(1 / 1000**2)
