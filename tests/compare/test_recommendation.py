"""Whom it recommends, and that the sentence says why, how sure, and what about the baseline."""

import json
from dataclasses import replace

import numpy as np
import pytest

from seqlab.compare.comparison import Comparison, Standing
from seqlab.compare.contestants import Margin
from seqlab.compare.decision import Rules, compare
from seqlab.compare.recommendation import Constraints, Costs, recommend
from seqlab.metrics.accuracy import Accuracy
from tests.compare.studies import baseline, lost, model, right, scored

COSTS = {
    "gru": model(latency=2.3),
    "lstm": model(latency=2.6),
    "rnn": model(latency=1.9),
    "tfidf": baseline(latency=0.31),
}


def standing(name, status, mean, low=-0.021, high=0.013, seeds=8):
    return Standing(name, status, seeds, name == "tfidf", mean, mean, mean, 0.0, low, high)


def comparison(*standings, best_shown=False, **changes):
    """A comparison as it may have come out, best first."""
    made = Comparison(
        metric="accuracy",
        higher_is_better=True,
        in_points=True,
        margin=Margin(0.01),
        looks=1,
        level=0.05,
        level_spent=0.025,
        standings=standings,
        best_shown=best_shown,
        delta=0.01,
        examples=1821,
        units=1821,
    )
    return replace(made, **changes)


UNDECIDED = comparison(
    standing("gru", "best", 0.803),
    standing("tfidf", "undecided", 0.797, seeds=1),
    standing("rnn", "worse", 0.71, low=-0.11, high=0.0),
)


def advice(made, costs=COSTS, **limits):
    return recommend(made, costs, Constraints(**limits))


def test_what_cannot_be_told_apart_goes_to_the_cheapest_even_if_it_is_a_baseline():
    given = advice(UNDECIDED)
    assert given.name == "tfidf"
    assert given.sentence == (
        "Use tfidf, a baseline: gru and tfidf cannot be told apart on 1,821 test examples and 8"
        " seeds, and it is the cheapest of them (0.31 ms an example; gru 2.3). Its accuracy of"
        " 0.797 is 0.6 points behind gru's, the best mean; in truth it may be up to 2.1 points"
        " worse or 1.3 points better than the best of the others (95 % confidence). No neural"
        " network is shown to be worth its cost here."
    )
    assert "rnn" in given.reasons[-1]


def test_a_shown_winner_is_recommended_with_its_lead():
    given = advice(
        comparison(
            standing("gru", "best", 0.85, low=0.0),
            standing("lstm", "worse", 0.83, high=0.0),
            standing("tfidf", "worse", 0.8, high=0.0, seeds=1),
            best_shown=True,
        )
    )
    assert given.name == "gru"
    assert given.sentence == (
        "Use gru: its accuracy of 0.850 is shown to be better than all 2 others on 1,821 test"
        " examples and 8 seeds (95 % confidence); the next, lstm, is 2.0 points behind."
    )


def test_a_winning_baseline_is_told_as_such():
    given = advice(
        comparison(
            standing("tfidf", "best", 0.85, low=0.0, seeds=1),
            standing("lstm", "worse", 0.83, high=0.0),
            best_shown=True,
        )
    )
    assert "Use tfidf, a baseline: " in given.sentence
    assert "better than the other contestant" in given.sentence
    assert given.sentence.endswith("No neural network comes up to it here.")


def test_a_baseline_in_the_winner_set_is_named_when_a_network_is_cheaper():
    costs = COSTS | {"tfidf": baseline(latency=9.0)}
    given = advice(UNDECIDED, costs)
    assert given.name == "gru"
    assert given.sentence.endswith(
        "No neural network is shown to be better than the baseline tfidf."
    )


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        (("tied", "tied"), "gru, lstm and rnn are shown to be equal within 1.0 point"),
        (("negligible", "negligible"), "lstm and rnn are shown to be behind gru by less than 1.0"),
        (("tied", "undecided"), "none of gru, lstm and rnn is shown to be behind by 1.0 point or"),
        (("undecided", "undecided"), "gru, lstm and rnn cannot be told apart"),
    ],
)
def test_the_sentence_says_on_which_statuses_it_rests(statuses, words):
    given = advice(
        comparison(
            standing("gru", "best", 0.803),
            standing("lstm", statuses[0], 0.8),
            standing("rnn", statuses[1], 0.8),
        )
    )
    assert given.name == "rnn"
    assert words in given.sentence


def test_few_seeds_are_a_preview():
    few = tuple(replace(s, seeds=min(s.seeds, 3)) for s in UNDECIDED.standings)
    given = advice(replace(UNDECIDED, standings=few))
    assert given.sentence.startswith("A preview with 3 seeds, where a verdict takes 8: use tfidf")
    assert "more seeds: with 3 seeds this is a preview, a verdict takes 8" in given.could_change


def test_one_seed_says_so():
    single = comparison(
        standing("gru", "best", 0.803, low=-np.inf, high=np.inf, seeds=1),
        standing("lstm", "undecided", 0.797, low=-np.inf, high=np.inf, seeds=1),
    )
    given = advice(single)
    assert "With a single seed nothing shows how far chance alone would go." in given.sentence
    json.dumps(given.to_dict(), allow_nan=False)


def test_limits_leave_the_cheapest_of_what_meets_them():
    made = comparison(standing("gru", "best", 0.8), standing("lstm", "undecided", 0.79))
    given = advice(made, COSTS | {"gru": model(latency=1, memory=900)}, max_memory_mb=400)
    assert given.name == "lstm"
    assert "it is the only one of them within 400 MB of memory" in given.sentence
    assert "left aside, as not within 400 MB of memory: gru" in given.reasons
    assert any("other limits" in change for change in given.could_change)


def test_limits_that_nothing_meets_name_the_closest():
    given = advice(UNDECIDED, max_latency_ms=0.2)
    assert given.name is None
    assert given.sentence == (
        "Nothing can be recommended: a recommended contestant must stay within 0.2 ms an example"
        " and not be shown to be worse than the best, and neither gru nor tfidf does (closest:"
        " tfidf with 0.31 ms an example). No other contestant does either."
    )


def test_limits_that_only_a_worse_one_meets_name_it():
    made = comparison(
        standing("gru", "best", 0.85, low=0.0), standing("tfidf", "worse", 0.8), best_shown=True
    )
    given = advice(made, max_latency_ms=1)
    assert given.name is None
    assert "and gru does not (closest: gru with 2.3 ms an example)" in given.sentence
    assert given.sentence.endswith(
        "The best that does is tfidf, whose accuracy of 0.800 is 5.0 points behind gru's."
    )


def test_what_was_not_measured_meets_no_limit():
    made = comparison(standing("gru", "best", 0.8), standing("lstm", "tied", 0.79))
    given = advice(made, COSTS | {"gru": Costs("model", 10)}, max_latency_ms=5)
    assert given.name == "lstm"
    assert advice(made, {}, max_latency_ms=5).name is None


def test_without_costs_the_best_mean_is_taken_and_said_to_be_no_cheaper():
    made = comparison(standing("gru", "best", 0.8), standing("lstm", "tied", 0.79))
    given = advice(made, {})
    assert given.name == "gru"
    assert "the first of them, as no costs were measured" in given.sentence


@pytest.mark.parametrize(
    ("gru", "lstm", "taken", "words"),
    [
        # within 10 % of each other's latency: memory decides, then training
        ((2.0, 400, 10), (2.1, 300, 90), "lstm", "(300 MB of memory; gru 400)"),
        ((2.0, 310, 40), (2.1, 300, 20), "lstm", "(20 s to train; gru 40)"),
        ((2.0, 300, 10), (2.5, 100, 1), "gru", "(2 ms an example; lstm 2.5)"),
        ((2.0, 300, 10), (2.1, 300, 10), "gru", "it is as cheap as any of them"),
    ],
)
def test_costs_decide_in_order(gru, lstm, taken, words):
    made = comparison(standing("gru", "best", 0.8), standing("lstm", "undecided", 0.79))
    given = advice(made, {"gru": model(*gru), "lstm": model(*lstm)})
    assert given.name == taken
    assert words in given.sentence


def test_errors_are_worse_when_larger():
    made = comparison(
        standing("gru", "best", 0.31, low=-0.02, high=0.012),
        standing("tfidf", "undecided", 0.32, low=-0.006, high=0.031),
        metric="mae",
        higher_is_better=False,
        in_points=False,
        margin=Margin(0.02, relative=True),
        delta=0.0062,
    )
    given = advice(made)
    assert (
        "Its mae of 0.32 is 3.2 % behind gru's, the best mean; in truth it may be up to 10.0 %"
        " worse or 1.9 % better than the best of the others"
    ) in given.sentence


def test_looks_and_near_equal_costs_could_change_it():
    costs = COSTS | {"tfidf": baseline(latency=2.4)}
    given = advice(replace(UNDECIDED, looks=3), costs)
    assert any("look number 3" in change for change in given.could_change)
    assert any("gru is as fast as tfidf within 10 %" in change for change in given.could_change)


def test_blocks_are_told():
    given = advice(replace(UNDECIDED, units=40))
    assert "on 1,821 test examples in 40 independent blocks and 8 seeds" in given.sentence


def test_nothing_but_failures():
    given = recommend(compare([lost("x", "out of memory")], Accuracy()), {}, Constraints())
    assert given.name is None
    assert given.sentence == "Nothing can be recommended: every contestant failed."
    assert given.reasons == ("x failed: out of memory",)


def test_the_only_one_that_finished():
    made = compare([scored("gru", right(0.8)), lost("lstm")], Accuracy())
    given = advice(made)
    assert given.name == "gru"
    assert "the only contestant that finished" in given.sentence
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
    given = advice(wide)
    assert given.name == "rnn"
    assert "rnn is shown to be behind gru by less than 5.0 points" in given.sentence


def test_intervals_that_say_nothing_are_not_read_out():
    """Not "up to 96 points worse": a reader would take such a number for knowledge."""
    wide = comparison(
        standing("gru", "best", 0.55, low=-0.96, high=0.98, seeds=2),
        standing("lstm", "undecided", 0.5, low=-0.98, high=0.96, seeds=2),
        examples=60,
        units=60,
    )
    sentence = advice(wide).sentence
    assert "60 test examples and 2 seeds do not tell how far chance alone would go" in sentence
    assert "points worse" not in sentence
    errors = replace(wide, in_points=False, margin=Margin(0.02, relative=True))
    assert "% worse" not in advice(errors).sentence


def test_differences_that_are_hardly_known_are_said_to_be():
    runs = [[1.0] * 6, [0.0] * 6]
    made = compare([scored("gru", runs), scored("lstm", runs[::-1])], Accuracy())
    reasons = " ".join(advice(made).reasons)
    assert "differences between contestants are hardly known here: more seeds or more" in reasons
