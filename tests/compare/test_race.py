"""A race runs fewer seeds and keeps what is promised; what it showed stays shown."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from bench.simulation import raced as races
from bench.simulation.fields import ahead, equal
from bench.simulation.judging import judge_race, record_of
from bench.simulation.worlds import Crossed
from seqlab.compare.decision import Rules
from seqlab.compare.race import after_round, raced, rounds, share_of


def test_rounds_end_with_the_most_seeds():
    assert rounds(8) == (2, 3, 5, 8)
    assert rounds(5) == (2, 3, 5)
    assert rounds(2) == (2,)
    assert rounds(1) == (1,)
    assert rounds(10) == (2, 3, 5, 8, 10)


@pytest.mark.parametrize("most", [3, 4, 5, 7, 8, 10, 12, 16, 20, 40])
@pytest.mark.parametrize("level", [0.01, 0.002])
def test_all_rounds_together_spend_no_more_than_the_level(most, level):
    """Where seeds alone make the difference: partial sums of as many normal numbers."""
    rng = np.random.default_rng(most)
    draws, ends = 1_000_000, rounds(most)
    total, before = np.zeros(draws), 0
    crossed, naive = np.zeros(draws, dtype=bool), np.zeros(draws, dtype=bool)
    for seeds in ends:
        total += np.sqrt(seeds - before) * rng.standard_normal(draws)
        crossed |= total / np.sqrt(seeds) > norm.isf(level * share_of(seeds, most))
        naive |= total / np.sqrt(seeds) > norm.isf(level)
        before = seeds
    assert crossed.mean() <= level + 3 * np.sqrt(level / draws)
    assert naive.mean() > 1.2 * level, "without shares of their own they would spend more"


def compared(world, seeds, number=0, **rules):
    study = world.draw(np.random.default_rng(number))
    some = {one.name: min(seeds, len(one.statistics)) for one in study.contestants}
    return races._compared(study.contestants, some, study, world.metric, Rules(**rules))


FAR = Crossed("", (0.8, 0.8, 0.6), deterministic=0, examples=2000)


def test_who_is_far_behind_leaves_and_stays_out():
    early = compared(FAR, 2, share=share_of(2, 8))
    held = after_round(early, 2, 8)
    assert [one.name for one in held.exits] == ["c2"]
    assert not held.stop, "with two seeds nobody knows how far seeds differ"
    study = FAR.draw(np.random.default_rng(0))
    last = races._compared(
        study.contestants, {"c0": 8, "c1": 8, "c2": 2}, study, FAR.metric, Rules()
    )
    final = raced(last, [held])
    assert final.standing("c2").status == "worse"
    assert final.standing("c2").left_after == 2
    assert final.seeds == 8, "those of who did not leave"
    assert not final.preview


def test_what_was_shown_early_is_shown_at_the_end():
    """Whatever the last round says of a contestant that left."""
    held = after_round(compared(FAR, 2, share=share_of(2, 8)), 2, 8)
    last = compared(replace(FAR, values=(0.8, 0.8, 0.8)), 8)
    final = raced(last, [held])
    assert final.standing("c2").status == "worse"
    pair = final.pair(held.exits[0].pair.first, "c2")
    assert pair.shown


def test_a_tie_that_seeds_cannot_break_ends_the_race():
    held = after_round(compared(Crossed("", equal(3)), 3, share=share_of(3, 8)), 3, 8)
    assert not held.exits
    assert "would hardly decide" in held.stop
    final = raced(compared(Crossed("", equal(3)), 3), [held])
    assert not final.preview, "more seeds would change nothing"


def simulated(world, count=40):
    return record_of([judge_race(world, 0, number) for number in range(count)])


def test_a_race_of_equals_takes_half_the_runs_and_says_nothing_false():
    record = simulated(Crossed("", equal(6), examples=1000))
    assert record["false_claim"] <= 0.05
    assert record["runs"] <= 0.55


def test_a_race_finds_who_is_ahead():
    record = simulated(Crossed("", ahead(3)), 40)
    assert record["found"] >= 0.8
    assert record["runs"] <= 0.8
