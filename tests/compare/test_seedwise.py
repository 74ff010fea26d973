"""P(A>B) and the sign-flip test against values worked out by hand."""

import numpy as np
import pytest
from scipy.stats import norm

from seqlab.compare.seedwise import paired, sign_flip_p, superiority
from tests.compare.studies import scored

ONES = np.ones((3, 4))


def test_superiority_counts_ties_half():
    a, b = np.array([3.0, 2.0, 1.0, 5.0]), np.array([1.0, 2.0, 4.0, 4.0])
    share, low, high = superiority(a, b, seed=0)
    assert share == (1 + 0.5 + 0 + 1) / 4
    assert 0 <= low < share < high <= 1


def test_superiority_is_certain_of_what_always_happens():
    assert superiority(np.array([2.0, 3.0]), np.array([1.0, 1.0]), seed=0) == (1, 1, 1)


def test_one_pair_has_no_interval():
    share, low, high = superiority(np.array([2.0]), np.array([1.0]), seed=0)
    assert share == 1
    assert np.isnan(low)
    assert np.isnan(high)


def test_the_bootstrap_interval_covers_the_binomial_one():
    rng = np.random.default_rng(0)
    wins = rng.normal(0.5, 1, 60), np.zeros(60)
    share, low, high = superiority(*wins, seed=1)
    spread = 1.96 * np.sqrt(share * (1 - share) / 60)
    assert low == pytest.approx(share - spread, abs=0.03)
    assert high == pytest.approx(share + spread, abs=0.03)


def test_sign_flips_by_hand():
    # |±1 ±2 ±3|: 6 only with all signs alike (2 of 8)
    assert sign_flip_p(np.array([1.0, 2.0, 3.0]), seed=0) == 2 / 8
    # |±1 ±2 ±3| ≥ 4: 6, 4 and their opposites (4 of 8)
    assert sign_flip_p(np.array([-1.0, 2.0, 3.0]), seed=0) == 4 / 8
    assert sign_flip_p(np.zeros(5), seed=0) == 1
    assert np.isnan(sign_flip_p(np.zeros(0), seed=0))


def test_many_seeds_are_sampled_alike():
    differences = np.random.default_rng(2).normal(0.5, 1, 20)
    error = differences.std(ddof=1) / np.sqrt(20)
    normal = 2 * norm.sf(abs(differences.mean()) / error)
    assert sign_flip_p(differences, seed=0) == pytest.approx(normal, abs=0.02)


def test_pairs_are_matched_by_their_seeds():
    a, b = scored("a", ONES, seeds=(0, 1, 2)), scored("b", ONES, seeds=(2, 5, 0))
    first, second = paired(a, b, (np.array([10.0, 11, 12]), np.array([22.0, 25, 20])))
    assert list(zip(first, second, strict=True)) == [(10, 20), (12, 22)]


def test_a_deterministic_contestant_meets_every_seed():
    a, b = scored("a", ONES), scored("b", ONES[:1], deterministic=True)
    first, second = paired(a, b, (np.array([1.0, 2, 3]), np.array([2.0])))
    assert list(first) == [1, 2, 3]
    assert list(second) == [2, 2, 2]


def test_without_names_seeds_are_matched_in_order():
    a, b = scored("a", ONES), scored("b", ONES[:2])
    first, second = paired(a, b, (np.array([1.0, 2, 3]), np.array([4.0, 5])))
    assert (list(first), list(second)) == ([1, 2], [4, 5])
