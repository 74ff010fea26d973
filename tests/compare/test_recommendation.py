"""Whom it recommends, and that the words say why, how sure, and what about the baseline."""

import json
from dataclasses import replace

import numpy as np
import pytest

from seqlab.compare.comparison import Comparison, Families, Pair, Standing
from seqlab.compare.contestants import Margin
from seqlab.compare.decision import Rules, compare
from seqlab.compare.recommendation import Constraints, Costs, Wishes, recommend
from seqlab.compare.wording import Units
from seqlab.metrics.accuracy import Accuracy
from tests.compare.studies import baseline, lost, model, right, scored

COSTS = {
    "gru": model(latency=2.3),
    "lstm": model(latency=2.6),
    "rnn": model(latency=1.9),
    "transformer": model(latency=2.9),
    "tfidf": baseline(latency=0.31),
    "majority": baseline(latency=0.01),
}
FAMILIES = {
    "gru": ("recurrent", "classic"),
    "lstm": ("recurrent", "classic"),
    "rnn": ("recurrent", "classic"),
    "transformer": ("attention", "classic"),
    "tfidf": ("baselines",),
    "majority": ("baselines",),
}


def comparison(*places, reach=0.015, likely=80, higher_is_better=True, **changes):
    """A comparison as it may have come out: (name, mean[, status]), the best mean first.

    `reach` is the half-width of every difference; a gap beyond it is shown.
    """
    sign = 1 if higher_is_better else -1
    standings, pairs = [], []
    for name, mean, *status in places:
        gap = sign * (places[0][1] - mean)
        default = "best" if name == places[0][0] else "worse" if gap > reach else "undecided"
        standings.append(
            Standing(
                name,
                (status or [default])[0],
                changes.get("seeds", 8) if "baselines" not in FAMILIES[name] else 1,
                "baselines" in FAMILIES[name],
                mean,
                mean - 0.01,
                mean + 0.01,
                -sign * gap,
                -sign * gap - reach,
                -sign * gap + reach,
                trivial=name == "majority",
                families=FAMILIES[name],
            )
        )
    for i, one in enumerate(standings):
        for other in standings[i + 1 :]:
            gap = one.mean - other.mean
            shown = abs(gap) > reach
            sure = 99.9 if shown else likely if sign * gap > 0 else 50
            ends = (gap - reach, gap + reach)
            pairs.append(Pair(one.name, other.name, gap, *ends, shown, sure, 0.5, 0.1, 0.9, 0.5))
    changes.pop("seeds", None)
    made = Comparison(
        metric="accuracy",
        higher_is_better=higher_is_better,
        in_points=True,
        margin=Margin(0.01),
        looks=1,
        level=0.05,
        level_spent=0.04,
        standings=tuple(standings),
        pairs=tuple(pairs),
        delta=0.01,
        examples=1821,
        units=1821,
    )
    return replace(made, **changes)


def advice(made, costs=COSTS, prefer="balanced", accept=None, **limits):
    return recommend(made, costs, Wishes(Constraints(**limits), prefer, accept))


CLOSE = comparison(("gru", 0.803), ("tfidf", 0.797), ("transformer", 0.71), ("majority", 0.5))


# -- the choice --------------------------------------------------------------------------------


def test_the_cheapest_within_the_margin_is_taken_even_if_it_is_a_baseline():
    given = advice(CLOSE)
    assert given.name == "tfidf"
    assert given.headline == (
        "Too close to call: gru and tfidf lie within 0.6 points. Take tfidf: the cheapest."
    )
    assert (
        "The best neural network, gru, is 0.6 points ahead, at 2.3 ms an example instead of 0.31."
        in given.details
    )


def test_a_cheap_contender_whose_mean_is_beyond_the_margin_is_not_taken():
    """Not shown to be worse is not shown to be as good."""
    made = comparison(("gru", 0.803), ("tfidf", 0.78), reach=0.05)
    assert advice(made).name == "gru"
    assert advice(made, prefer="cost").name == "tfidf"
    assert advice(CLOSE, prefer="quality").name == "gru"


def test_an_exchange_rate_may_take_one_that_is_shown_to_be_worse():
    made = comparison(("gru", 0.803), ("rnn", 0.785), ("tfidf", 0.77))
    assert advice(made).name == "gru"
    accepted = advice(made, accept=Margin(0.02))
    assert accepted.name == "rnn"
    assert "use rnn (0.785), 1.8 points below gru" in accepted.headline.lower()
    assert advice(made, accept=Margin(0.04)).name == "tfidf"
    assert advice(made, accept=Margin(0.05, relative=True)).name == "tfidf"


def test_limits_come_first_and_the_contest_is_among_what_fits():
    made = comparison(("transformer", 0.9), ("gru", 0.8), ("rnn", 0.797), ("tfidf", 0.6))
    given = advice(made, max_latency_ms=2.5)
    assert given.name == "rnn"  # within the margin of the gru, the best that fits
    assert "left aside, as not within 2.5 ms an example: transformer" in given.reasons
    assert "other limits: a contestant beyond them has a better mean" in given.could_change
    assert advice(made, max_latency_ms=1).name == "tfidf"


def test_limits_that_nothing_meets_name_the_closest():
    given = advice(CLOSE, max_latency_ms=0.2)
    assert given.name is None
    assert given.headline == (
        "Nothing can be recommended: no contestant stays within 0.2 ms an example; tfidf comes"
        " closest with 0.31 ms an example."
    )


def test_what_was_not_measured_meets_no_limit_and_is_no_cheaper():
    made = comparison(("gru", 0.8), ("lstm", 0.795))
    assert advice(made, COSTS | {"gru": Costs("model", 10)}, max_latency_ms=5).name == "lstm"
    assert advice(made, {}, max_latency_ms=5).name is None
    assert advice(made, {}).name == "gru"


def test_the_majority_class_is_never_recommended():
    wide = comparison(("majority", 0.55), ("gru", 0.54), ("transformer", 0.53), reach=np.inf)
    for prefer in ("balanced", "quality", "cost"):
        assert advice(wide, prefer=prefer).name in ("gru", "transformer")
    single = comparison(("gru", 0.76), ("majority", 0.517), reach=np.inf, likely=np.nan)
    assert advice(single).name == "gru"


def test_one_that_loses_a_third_of_its_runs_is_not_chosen():
    made = comparison(("transformer", 0.9, "unstable"), ("gru", 0.8, "best"))
    given = advice(made)
    assert given.name == "gru"
    assert any("not chosen" in reason and "transformer" in reason for reason in given.reasons)


@pytest.mark.parametrize(
    ("gru", "lstm", "taken"),
    [
        # within 10 % of each other's latency: memory decides, then training
        ((2.0, 400, 10), (2.1, 300, 90), "lstm"),
        ((2.0, 310, 40), (2.1, 300, 20), "lstm"),
        ((2.0, 300, 10), (2.5, 100, 1), "gru"),
        ((2.0, 300, 10), (2.1, 300, 10), "gru"),
    ],
)
def test_costs_decide_in_order(gru, lstm, taken):
    made = comparison(("gru", 0.8), ("lstm", 0.795))
    assert advice(made, {"gru": model(*gru), "lstm": model(*lstm)}).name == taken


def test_restarts_are_counted_in_the_costs_of_training():
    costs = {"gru": model(2, 300, 30), "tfidf": baseline(2, 300, 60)}
    made = comparison(("gru", 0.8), ("tfidf", 0.797))
    assert advice(made, costs).name == "gru"
    assert advice(replace(made, restarts=3), costs).name == "tfidf"


# -- the words ---------------------------------------------------------------------------------


def test_a_shown_winner_answers_the_question_first():
    made = comparison(("gru", 0.85), ("transformer", 0.69), ("tfidf", 0.81), ("majority", 0.5))
    given = advice(made)
    assert given.headline == (
        "Recurrent: use gru (0.850). transformer trails by 16.0 points, tfidf by 4.0 points."
    )
    assert "It is shown to be the best on 1,821 test examples and 8 seeds (95 % confidence)." in (
        given.details
    )


def test_two_of_one_family_answer_it_too():
    made = comparison(("gru", 0.85), ("lstm", 0.848), ("transformer", 0.69))
    given = advice(made)
    assert given.headline == (
        "Recurrent: use gru (0.850), close to lstm. transformer trails by 16.0 points."
    )
    assert "gru and lstm cannot be told apart on 1,821 test examples and 8 seeds." in given.details


def test_what_is_only_probable_is_called_so():
    made = comparison(("gru", 0.803), ("transformer", 0.78), reach=0.03, likely=96)
    given = advice(made)
    assert given.headline == (
        "Probably recurrent: use gru (0.803). transformer trails by 2.3 points."
    )
    assert "gru is probably better than transformer (96 of 100)." in given.details
    assert "cannot be told apart" not in given.sentence


def test_equal_within_the_margin():
    made = comparison(("gru", 0.803), ("lstm", 0.801), ("rnn", 0.8), reach=0.006)
    given = advice(made)
    assert given.name == "rnn"
    assert any(
        "gru, lstm and rnn are shown to be equal within 1.0 point" in text for text in given.details
    )


@pytest.mark.parametrize(
    "places",
    [
        (("gru", 0.85), ("transformer", 0.69), ("tfidf", 0.81), ("majority", 0.5)),
        (("tfidf", 0.85), ("gru", 0.845), ("transformer", 0.84), ("lstm", 0.838), ("rnn", 0.837)),
        (("transformer", 0.85), ("tfidf", 0.8), ("gru", 0.79), ("lstm", 0.78)),
    ],
)
@pytest.mark.parametrize("seeds", [2, 8])
@pytest.mark.parametrize("reach", [0.002, 0.02, 0.3])
def test_a_headline_has_at_most_25_words(places, seeds, reach):
    given = advice(comparison(*places, reach=reach, seeds=seeds))
    assert len(given.headline.split()) <= 25, given.headline


def test_few_seeds_are_a_preview():
    given = advice(comparison(("gru", 0.8), ("lstm", 0.7), seeds=3))
    assert given.headline.startswith("Preview (3 seeds) – use gru")
    assert "more seeds: with 3 seeds this is a preview, a verdict takes 8" in given.could_change


def test_one_seed_says_so():
    single = comparison(("gru", 0.803), ("lstm", 0.797), reach=np.inf, likely=np.nan, seeds=1)
    given = advice(single)
    assert "With a single seed nothing shows how far chance alone would go." in given.details
    json.dumps(given.to_dict(), allow_nan=False)


def test_seeds_that_came_to_nothing_are_told():
    made = comparison(("gru", 0.8), ("transformer", 0.7), ("majority", 0.5))
    gru, transformer, majority = made.standings
    fallen = replace(transformer, came_to_nothing=3, lost=1, seeds=7)
    counted = advice(replace(made, standings=(gru, fallen, majority)))
    assert counted.details[0] == (
        "transformer: of 8 seeds 2 collapsed to the majority class and 1 ended without a result."
        " Scores count every run, and a lost one as the trivial baseline."
    )
    assert "(fails in 3 of 8 runs)" in counted.headline
    restarted = advice(replace(made, standings=(gru, fallen, majority), restarts=3))
    assert "Scores are those of the best of 3 runs by validation" in restarted.details[0]


def test_cut_training_is_told_right_after_the_headline():
    cut = "Training was cut to 4 of 16 epochs by the time limit; lstm was still improving."
    given = recommend(CLOSE, COSTS, Wishes(), cut)
    assert given.details[0] == cut


def test_families_have_lines_of_their_own():
    def line(*values):
        match = Families("recurrent", "attention", "gru", "transformer", *values)
        return advice(replace(CLOSE, families=(match,))).families[0]

    start = "recurrent (gru) against attention (transformer): "
    assert line(0.16, 0.1, 0.2, 100.0) == f"{start}ahead by 16.0 points, shown with 95 % confidence"
    assert line(0.02, -0.01, 0.05, 96.0) == f"{start}probably ahead, by 2.0 points (96 of 100)"
    undecided = line(0.01, -0.04, 0.05, 60.0)
    assert undecided == f"{start}too close to call, 1.0 point apart (60 of 100 for recurrent)"
    turned = line(-0.16, -0.2, -0.1, 0.0)
    assert turned.startswith("attention (transformer) against recurrent (gru): ahead by 16.0")
    assert "nothing shows" in line(0.01, -np.inf, np.inf, np.nan)


def test_a_test_part_that_is_too_short_says_so():
    made = replace(
        CLOSE,
        short="the test part is too short to decide: 3 stretches",
        pairs=tuple(replace(p, low=-1, high=1, shown=False) for p in CLOSE.pairs),
    )
    said = advice(made)
    assert "The test part is too short to decide: 3 stretches." in said.details
    assert said.headline.startswith("Too short a test part to decide between")
    assert not any("neural network" in text for text in said.details)


@pytest.mark.parametrize(
    ("difference", "told"),
    [(0.02, "2.0 %"), (9.0, "900.0 %"), (260.0, "260 times the best value")],
)
def test_a_percentage_beyond_all_measure_is_a_multiple(difference, told):
    assert Units(in_points=False, share_of=1.0).difference(difference) == told


def test_few_groups_are_no_ground_for_the_rest():
    made = replace(CLOSE, units=8, unit="test block")
    assert any("With 8 independent test blocks" in text for text in advice(made).details)
    assert (
        "in 40 independent blocks"
        in advice(
            replace(comparison(("gru", 0.9), ("rnn", 0.7)), units=40, unit="test block")
        ).sentence
    )


def test_looks_and_near_equal_costs_could_change_it():
    costs = COSTS | {"tfidf": baseline(latency=2.2)}
    given = advice(replace(CLOSE, looks=3), costs)
    assert any("look number 3" in change for change in given.could_change)
    assert any("gru is as fast as tfidf within 10 %" in change for change in given.could_change)


def test_nothing_but_failures():
    given = recommend(compare([lost("x", "out of memory")], Accuracy()), {})
    assert given.name is None
    assert given.sentence == "Nothing can be recommended: every contestant failed."
    assert given.reasons == ("x failed: out of memory",)


def test_the_only_one_that_finished():
    given = advice(compare([scored("gru", right(0.8)), lost("lstm")], Accuracy()))
    assert given.name == "gru"
    assert given.headline == f"Use gru ({given.headline[9:14]}): nothing else finished."
    assert given.reasons[-1] == "lstm failed: diverged at step 12"


def test_from_statistics_to_the_sentence():
    """A gap, then the same with a margin that swallows it: the cheaper one is taken."""
    contestants = [
        scored("gru", right(0.85, spread=0.001, examples=5000)),
        scored("rnn", right(0.83, spread=0.001, examples=5000, seed=1)),
    ]
    made = compare(contestants, Accuracy())
    given = advice(made)
    assert given.name == "gru"
    within = f"known here to within about {100 * made.half_width:.1f} points"
    assert any(reason.endswith(within) for reason in given.reasons)
    wide = compare(contestants, Accuracy(), rules=Rules(margin=Margin(0.05)))
    assert wide.standing("rnn").status == "negligible"
    assert advice(wide).name == "rnn"


def test_errors_are_better_when_smaller():
    made = comparison(("gru", 0.31), ("tfidf", 0.32), higher_is_better=False, reach=0.005)
    given = advice(replace(made, in_points=False, margin=Margin(0.02, relative=True), delta=0.006))
    assert given.name == "gru"
    assert "tfidf trails by 3.2 %" in given.headline


def test_differences_that_are_hardly_known_are_said_to_be():
    """Not "up to 96 points": a reader would take such a number for knowledge."""
    runs = [[1.0] * 6, [0.0] * 6]
    made = compare([scored("gru", runs), scored("lstm", runs[::-1])], Accuracy())
    given = advice(made)
    reasons = " ".join(given.reasons)
    assert "differences between contestants are hardly known here: more seeds or more" in reasons
    assert "at most" not in given.sentence


def test_that_nobody_beats_the_majority_class_comes_first():
    made = comparison(("gru", 0.51), ("transformer", 0.508), ("majority", 0.505))
    said = advice(made)
    assert said.headline.startswith("Nobody is shown to beat the majority class (0.505): more")
    assert said.name in ("gru", "transformer")
    beaten = comparison(("gru", 0.91), ("transformer", 0.908), ("majority", 0.505))
    assert "beat" not in advice(beaten).headline
