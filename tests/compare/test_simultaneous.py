"""Critical values against the tables that statisticians print."""

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

from seqlab.compare.best import pair_contrasts, with_the_best
from seqlab.compare.simultaneous import Joint
from seqlab.compare.variation import Variation


def known(count, freedom=1e6, units=10**6, seeds=0.0, examples=1.0):
    """Independent means with a variance from examples, from seeds, or both."""
    return Variation(
        names=tuple(map(str, range(count))),
        scores=(np.zeros(1),) * count,
        seeds=np.broadcast_to(np.asarray(seeds, float), count).copy(),
        residual=np.zeros(count),
        examples=examples * np.eye(count),
        seed_freedom=np.broadcast_to(np.asarray(freedom, float), count).copy(),
        units=units,
    )


def pairs(variation, seed=0):
    return Joint.draw(variation, pair_contrasts(len(variation.names)), seed)


@pytest.mark.parametrize(("count", "q"), [(3, 3.314), (6, 4.030), (10, 4.474)])
def test_all_pairs_as_tukey(count, q):
    widths = pairs(known(count)).together(0.05)
    assert widths == pytest.approx(q, rel=0.03)  # in units of √(variance of one mean)


@pytest.mark.parametrize(("count", "d"), [(3, 1.96), (4, 2.06), (6, 2.23), (10, 2.42)])
def test_comparisons_with_the_best_as_dunnett_one_sided(count, d):
    """Except for three, where Dunnett's 1.92 would call a pair of equals apart too often."""
    against = with_the_best(np.zeros(count), pairs(known(count)), 0.05)
    assert -against.low == pytest.approx(d * np.sqrt(2), rel=0.03)
    assert against.high == pytest.approx(d * np.sqrt(2), rel=0.03)


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


def test_the_order_of_contestants_does_not_matter():
    seeds, freedom = np.array([0.1, 0.5, 1.0, 0.0]), np.array([7.0, 4.0, 2.0, 0.0])
    means = np.array([0.0, 1.0, 3.0, 2.5])
    one = with_the_best(means, pairs(known(4, freedom, seeds=seeds)), 0.05)
    turn = [3, 1, 0, 2]
    other = with_the_best(means[turn], pairs(known(4, freedom[turn], seeds=seeds[turn])), 0.05)
    assert other.low == pytest.approx(one.low[turn], rel=0.1, abs=0.05)
    assert other.high == pytest.approx(one.high[turn], rel=0.1, abs=0.05)


def test_intervals_with_the_best_by_hand():
    """Widths of 3.15 (2.23·√2): 0 and 4.5 are apart, 0 and 2 are not."""
    against = with_the_best(np.array([4.5, 2.0, 0.0, 0.0, 0.0, 0.0]), pairs(known(6)), 0.05)
    w = 2.23 * np.sqrt(2)
    assert list(against.candidates) == [True, True, False, False, False, False]
    assert against.differences == pytest.approx([2.5, -2.5, -4.5, -4.5, -4.5, -4.5])
    assert against.high == pytest.approx([2.5 + w, -2.5 + w, 0, 0, 0, 0], abs=0.1)
    # Lower bounds look only at those that may be the best: the first and the second.
    assert against.low == pytest.approx([2.5 - w, -2.5 - w, *[-4.5 - w] * 4], abs=0.1)


def test_one_candidate_alone_is_at_least_as_good_as_all():
    against = with_the_best(np.array([9.0, 0.0, 0.0]), pairs(known(3)), 0.05)
    assert list(against.candidates) == [True, False, False]
    assert against.low[0] == 0
    assert against.high[0] > 9
