"""Critical values against the tables that statisticians print."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

from seqlab.compare.best import Differences, pair_contrasts, pair_index, stepwise
from seqlab.compare.simultaneous import Joint, tail
from seqlab.compare.variation import Part, Variation


def known(count, freedom=1e6, units=10**6, seeds=0.0, examples=1.0):
    """Independent means with a variance from examples, from seeds, or both."""
    return Variation(
        names=tuple(map(str, range(count))),
        scores=(np.zeros(1),) * count,
        weights=(np.ones(1),) * count,
        seeds=np.broadcast_to(np.asarray(seeds, float), count).copy(),
        residual=np.zeros(count),
        parts=(Part(examples * np.eye(count), units - 1),),
        seed_freedom=np.broadcast_to(np.asarray(freedom, float), count).copy(),
        units=units,
    )


def pairs(variation, seed=0):
    return Joint.draw(variation, pair_contrasts(len(variation.names)), seed)


@pytest.mark.parametrize(("count", "q"), [(3, 3.314), (6, 4.030), (10, 4.474)])
def test_all_pairs_as_tukey(count, q):
    widths = pairs(known(count)).together(0.05)
    assert widths == pytest.approx(q, rel=0.03)  # in units of √(variance of one mean)


@pytest.mark.parametrize("freedom", [1, 2, 7])
def test_seeds_alone_as_student(freedom):
    variation = known(2, freedom, seeds=[1.0, 0.0], examples=1e-12)
    assert pairs(variation).alone(0.05) == pytest.approx(stdtrit(freedom, 0.975), rel=0.08)


def test_few_blocks_as_student():
    assert pairs(known(2, units=6)).alone(0.05) == pytest.approx(
        stdtrit(5, 0.975) * np.sqrt(2), rel=0.04
    )


def test_levels_too_small_for_the_draws_as_bonferroni():
    widths = pairs(known(3)).together(1e-5)
    assert widths == pytest.approx(-ndtri(1e-5 / 6) * np.sqrt(2), rel=0.01)


def test_a_contestant_with_few_seeds_widens_its_own_intervals_only():
    calm = pairs(known(4, 8, seeds=0.1)).together(0.05)[0]
    mixed = pairs(known(4, [8, 8, 8, 1], seeds=[0.1, 0.1, 0.1, 3.0])).together(0.05)
    assert mixed[0] == pytest.approx(calm, rel=0.1)  # first and second
    assert mixed[2] > 5 * calm  # first and fourth


def test_an_unknown_seed_variance_makes_its_own_intervals_infinite():
    widths = pairs(known(3, [8, 8, 0], seeds=[0.1, 0.1, np.inf])).together(0.05)
    assert np.isfinite(widths[0])
    assert np.isinf(widths[1:]).all()


def test_no_variance_no_width():
    assert (pairs(known(3, examples=0.0)).together(0.05) == 0).all()


def test_two_ways_of_moving_together_each_have_their_own_freedom():
    """Mostly from many series: nearly normal; mostly from five stretches: Student's of four."""

    def widths(many, few):
        parts = (Part(many * np.eye(2), 10**6), Part(few * np.eye(2), 4))
        return pairs(replace(known(2), parts=parts)).alone(0.05) / np.sqrt(2)

    assert widths(1.0, 1e-6) == pytest.approx(1.96, rel=0.03)
    assert widths(1e-6, 1.0) == pytest.approx(stdtrit(4, 0.975), rel=0.05)


def test_the_order_of_contestants_does_not_matter():
    seeds, freedom = np.array([0.1, 0.5, 1.0, 0.0]), np.array([7.0, 4.0, 2.0, 0.0])
    means = np.array([0.0, 1.0, 3.0, 2.5])
    one = Differences.of(means, pairs(known(4, freedom, seeds=seeds)), 0.05).with_the_best()
    turn = [3, 1, 0, 2]
    turned = pairs(known(4, freedom[turn], seeds=seeds[turn]))
    other = Differences.of(means[turn], turned, 0.05).with_the_best()
    assert other.low == pytest.approx(one.low[turn], rel=0.1, abs=0.05)
    assert other.high == pytest.approx(one.high[turn], rel=0.1, abs=0.05)


def test_intervals_with_the_best_by_hand():
    """Widths of Tukey's 4.03: 4.5 and 0 are apart, 4.5 and 2 are not."""
    means, joint = np.array([4.5, 2.0, 0.0, 0.0, 0.0, 0.0]), pairs(known(6))
    against = Differences.of(means, joint, 0.05).with_the_best()
    assert list(against.behind) == [False, False, True, True, True, True]
    assert against.differences == pytest.approx([2.5, -2.5, -4.5, -4.5, -4.5, -4.5])
    w = 4.03
    assert against.high == pytest.approx([2.5 + w, -2.5 + w, *[-4.5 + w] * 4], abs=0.1)
    assert against.low == pytest.approx([2.5 - w, -2.5 - w, *[-4.5 - w] * 4], abs=0.1)


def test_whoever_is_clearly_behind_makes_it_no_harder_to_see_another():
    """A gap of 3.7 is seen beside four that are far behind, and not beside equals (4.03)."""
    means, joint = np.array([20.0, 16.3, 0.0, 0.0, 0.0, 0.0]), pairs(known(6))
    ahead = stepwise(means, joint, 0.05)
    assert list(ahead.any(axis=0)) == [False, True, True, True, True, True]
    assert ahead[0, 1]
    differences = Differences.of(means, joint, 0.05)
    assert differences.low[0, 1] == 0  # decided stepwise: the interval ends there
    close = stepwise(np.array([20.0, 16.3, 16.3, 16.3, 16.3, 16.3]), joint, 0.05)
    assert not close.any()


def test_equals_are_called_behind_as_seldom_as_is_promised():
    """The best and its equals alike are protected, whoever else is there."""
    rng, joint = np.random.default_rng(0), pairs(known(5))
    for others, least in ((np.zeros(3), 0.03), (np.full(3, -30.0), 0.005)):
        wrong = 0
        for _ in range(1000):
            means = np.concatenate([np.zeros(2), others]) + rng.standard_normal(5)
            best = 5 if not others.any() else 2
            wrong += stepwise(means, joint, 0.05).any(axis=0)[:best].any()
        assert least < wrong / 1000 < 0.065


def test_a_test_part_that_is_too_short_shows_nothing():
    shown = Differences.of(np.array([9.0, 0.0]), pairs(known(2)), 0.05, short=True)
    assert not shown.ahead.any()
    assert np.isinf(shown.high[0, 1])


@pytest.mark.parametrize("count", [3, 6, 16])
@pytest.mark.parametrize("level", [0.0032, 0.0056, 0.0096])
def test_a_small_level_is_not_exceeded(count, level):
    """Later looks and early rounds spend little: equals are called behind no more often."""
    variation = known(count, freedom=5, seeds=1.0)
    bound = tail(leads(pairs(variation, 1)), level)
    fresh = np.concatenate([leads(pairs(variation, seed)).min(axis=1) for seed in range(2, 10)])
    assert np.mean(fresh <= bound) < 1.4 * level


def leads(joint):
    """(draws, n): the least chance of a lead over each that any other has, as `stepwise` does."""
    count = round((1 + np.sqrt(1 + 8 * joint.below.shape[1])) / 2)
    first, second = pair_index(count)
    chance = np.ones((len(joint.below), count, count))
    chance[:, first, second], chance[:, second, first] = 1 - joint.below, joint.below
    return chance.min(axis=1)
