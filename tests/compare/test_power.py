"""Does a plan promise what the decision keeps, and does what is called lacking decide?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from seqlab.compare.contestants import Margin
from seqlab.compare.decision import Rules, compare
from seqlab.compare.need import needs
from seqlab.compare.power import Spread, resolution
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.mae import Mae
from tests.compare.studies import ahead, scored, world

RNG = np.random.default_rng(4)


def accuracy_plan(units=1821, seeds=8, contestants=6, margin=0.01):
    return resolution(units, seeds, contestants, Spread.of_shares(), margin, in_points=True)


def test_the_plan_is_what_studies_turn_out_to_be():
    studies = world(ahead(6), disagreement=0.16, own=0.112)
    plan = accuracy_plan(units=2000)
    drawn = [studies.draw(RNG).contestants for _ in range(30)]
    seen = [compare(each, Accuracy(), rules=Rules(seed=i)) for i, each in enumerate(drawn)]
    widths = [c.pair("c0", "c1").high - c.pair("c0", "c1").difference for c in seen]
    assert plan.half_width == pytest.approx(np.median(widths), rel=0.12)
    found = np.mean([c.standing("c1").status == "worse" for c in seen])
    assert plan.gap < 0.03
    assert found > 0.8


def test_a_gap_of_the_promised_size_is_found_four_times_in_five():
    plan = accuracy_plan(units=1000, contestants=2)
    studies = world(ahead(2, gap=plan.gap), examples=1000, disagreement=0.16, own=0.112)
    drawn = [studies.draw(RNG).contestants for _ in range(120)]
    found = [compare(each, Accuracy(), rules=Rules(seed=i)) for i, each in enumerate(drawn)]
    assert np.mean([c.best_shown for c in found]) == pytest.approx(0.8, abs=0.12)


def test_more_of_anything_resolves_more():
    base = accuracy_plan()
    assert accuracy_plan(units=8000).half_width < 0.65 * base.half_width
    assert accuracy_plan(seeds=20).half_width < base.half_width
    assert accuracy_plan(contestants=2).half_width < base.half_width
    assert base.limit < accuracy_plan(seeds=100).half_width < base.half_width
    assert base.half_width < base.gap < base.tie


def test_the_sentence_of_a_usual_test_set():
    """1,821 sentences: no number of seeds separates closer than about a point and a half."""
    plan = accuracy_plan()
    assert 0.011 < plan.limit < 0.016
    assert not plan.can_tie
    assert plan.sentence == (
        "what this test set can resolve: gaps of about 2.5 points and more, found in four of five"
        " such studies; below 2.0 points nothing is shown, and no number of seeds brings that below"
        " 1.5 points (1,821 independent test examples, 8 seeds, 6 contestants; assuming that two"
        " contestants differ on 16 % of the examples and seeds by 0.5 points); ties within 1.0"
        " point need more test examples"
    )


def test_a_small_test_part_says_no_impossible_number_and_proposes_folds():
    """Not "gaps of about 153.2 points"."""
    tiny = resolution(6, 3, 4, Spread.of_shares(), 0.01, in_points=True, in_folds=60)
    assert "can resolve: next to nothing (6 independent test examples" in tiny.sentence
    assert "; --folds 5 would test on every row and resolve gaps of about " in tiny.sentence
    assert "points, in about 5 times the time" in tiny.sentence
    assert "--folds" not in accuracy_plan().sentence
    folded = resolution(60, 3, 4, Spread.of_shares(), 0.01, in_points=True)
    assert "--folds" not in folded.sentence


def test_ties_can_be_planned():
    assert accuracy_plan(units=60_000, seeds=20).can_tie
    assert "ties" not in accuracy_plan(units=60_000, seeds=20).sentence


def test_one_seed_resolves_nothing():
    plan = accuracy_plan(seeds=1)
    assert np.isinf(plan.half_width)
    assert "one seed does not show how far chance goes" in plan.sentence


def test_errors_are_told_as_they_are():
    plan = resolution(120, 8, 4, Spread(0.2, 0.004, "as the baseline's do"), 0.008, False)
    assert "as the baseline's do" in plan.sentence
    assert "points" not in plan.sentence
    assert "(120 independent test examples, 8 seeds" in plan.sentence
    json.dumps(plan.to_dict(), allow_nan=False)


def test_blocks_are_called_blocks():
    """Twelve blocks of overlapping windows are not twelve examples."""
    spread = Spread(0.2, 0.004, "as the baseline's do", unit="test block")
    assert "(12 independent test blocks, 8 seeds" in resolution(12, 8, 4, spread, 1, False).sentence


def test_a_pilot_plans_the_study():
    studies = world(ahead(4), disagreement=0.2, own=0.1)
    pilot = Spread.measured(compare(studies.draw(RNG).contestants, Accuracy()))
    assert pilot.example**2 == pytest.approx(0.2 - 0.1, rel=0.15)
    assert pilot.residual**2 == pytest.approx(0.1 / 2, rel=0.1)
    assert 0.002 < pilot.seed < 0.015


# -- afterwards --------------------------------------------------------------------------------


def two(gap, examples=400, runs=4, seed_sd=0.0, example_sd=0.2, deterministic=False):
    """Two contestants with exactly this difference of means and these spreads."""
    rng = np.random.default_rng(8)
    shared = rng.normal(5, 1, examples)
    own = rng.normal(0, 1, examples)
    own *= example_sd / own.std() / np.sqrt(2)
    own -= own.mean()
    runs = 1 if deterministic else runs
    steps = np.linspace(-1, 1, runs)[:, None] if runs > 1 else np.zeros((1, 1))
    steps *= seed_sd / max(steps.std(ddof=1), 1e-9) if runs > 1 else 0
    return [
        scored("a", shared + own + steps, deterministic),
        scored("b", shared - own + gap - steps, deterministic),
    ]


def lacking(contestants, margin=0.0):
    comparison = compare(contestants, Mae(), rules=Rules(margin=Margin(margin)))
    assert comparison.standing("b").status == "undecided"
    return comparison, needs(comparison)[0]


def more(contestants, times=1, runs=4):
    """The same contestants with the same examples so many times over, and more of their seeds."""
    for contestant in contestants:
        values = contestant.statistics[..., 0]
        yield scored(contestant.name, np.tile(values, (runs // len(values), times)))


@pytest.mark.parametrize("gap", [0.015, 0.02])
def test_what_is_said_to_decide_mostly_does(gap):
    """Studies like the one that was seen, repeated with as many seeds or examples as were said."""
    decided, said = [], 0
    for number in range(60):
        rng = np.random.default_rng([5, number])
        studies = world((0.8, 0.8 - gap), seeds=8, examples=400, seed_sd=0.003)
        comparison = compare(studies.draw(rng).contestants, Accuracy(), rules=Rules(seed=number))
        lacked = needs(comparison)
        if not lacked or lacked[0].examples is None:
            continue
        said += 1
        # A new test part of that size, with the same distribution of runs.
        again = replace(studies, examples=min(lacked[0].examples[0], 40_000))
        rules = Rules(looks=2, seed=number)
        later = compare(again.draw(rng).contestants, Accuracy(), rules=rules)
        decided.append("undecided" not in {s.status for s in later.standings})
    assert said > 12
    assert np.mean(decided) >= 0.7


def test_seeds_help_where_seeds_make_the_chance():
    contestants = two(gap=0.05, seed_sd=0.03, example_sd=0.01)
    _, need = lacking(contestants)
    assert need.examples is None
    assert need.seeds is not None
    assert 8 < need.seeds[0] < 100
    assert "seeds each would probably decide, more test examples hardly would" in need.sentence


def test_without_chance_between_seeds_examples_help():
    _, need = lacking(two(gap=0.02))
    assert need.seeds is None
    assert need.examples is not None
    assert need.examples[0] > 400
    assert "more seeds would hardly decide" in need.sentence


def test_a_gap_inside_the_margin_needs_enough_for_a_tie():
    _, need = lacking(two(gap=0.001), margin=0.02)
    assert need.examples is not None
    enough = list(more(two(gap=0.001), -(-need.examples[0] // 400)))
    comparison = compare(enough, Mae(), rules=Rules(margin=Margin(0.02), looks=2))
    assert comparison.standing("b").status == "tied"


def test_seeds_and_examples_together_or_nothing():
    contestants = two(gap=0.01, seed_sd=0.06, example_sd=0.5)
    _, need = lacking(contestants)
    assert (need.seeds, need.examples) == (None, None)
    assert "neither more seeds nor more test examples alone" in need.sentence


def test_deterministic_contestants_need_examples():
    _, need = lacking(two(gap=0.02, deterministic=True))
    assert need.seeds is None
    assert need.examples is not None


def test_one_seed_needs_seeds_first():
    contestants = [replace(c, deterministic=False) for c in two(gap=0.02, deterministic=True)]
    _, need = lacking(contestants)
    assert "one seed says nothing of chance; run at least 3, and 8 for a verdict" in need.sentence


def test_a_decided_comparison_needs_nothing():
    assert needs(compare(two(gap=1.0), Mae())) == []
