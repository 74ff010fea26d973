"""Batches hold every example once, within both budgets, with little padding, in a fresh order."""

import numpy as np
import pytest

from seqlab.data.batching import padding_share, plan_batches

LENGTHS = np.random.default_rng(3).lognormal(3.5, 0.8, 2000).astype(int) + 1


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize(("size", "tokens"), [(64, 16384), (64, 1000), (1, 10**6), (500, 300)])
def test_every_row_once_within_both_budgets(size, tokens, shuffled):
    batches = plan_batches(LENGTHS, size, tokens, rng() if shuffled else None)
    assert np.array_equal(np.sort(np.concatenate(batches)), np.arange(len(LENGTHS)))
    for rows in batches:
        assert 1 <= len(rows) <= size
        assert len(rows) == 1 or LENGTHS[rows].max() * len(rows) <= tokens


def test_the_budget_of_tokens_is_used():
    batches = plan_batches(LENGTHS, 10**6, 5000)
    filled = [LENGTHS[rows].max() * len(rows) for rows in batches[:-1]]
    assert np.mean(filled) > 4000


def test_similar_lengths_go_together():
    bucketed = plan_batches(LENGTHS, 64, 16384, rng())
    random = np.array_split(rng().permutation(len(LENGTHS)), len(bucketed))
    assert padding_share(LENGTHS, bucketed) < 0.25 < 0.5 < padding_share(LENGTHS, random)


def test_neighbours_and_order_differ_from_epoch_to_epoch_and_follow_the_seed():
    first, again, other = (plan_batches(LENGTHS, 64, 16384, rng(s)) for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    together = [{frozenset(rows.tolist()) for rows in batches} for batches in (first, other)]
    assert not together[0] & together[1]
    longest = [LENGTHS[rows].max() for rows in first]
    assert np.abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.5, "not sorted"


def test_without_a_generator_the_order_is_by_length():
    rows = np.concatenate(plan_batches(LENGTHS, 64, 16384))
    assert (np.diff(LENGTHS[rows]) >= 0).all()


def test_an_example_beyond_the_budget_goes_alone_and_an_empty_one_counts_as_one():
    batches = plan_batches(np.array([5, 90, 0, 4]), 8, 10)
    assert [rows.tolist() for rows in batches] == [[2, 3], [0], [1]]
