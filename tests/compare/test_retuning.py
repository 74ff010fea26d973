"""Is the variance of tuning the one that repeated tuning has, and does it reach the families?"""

from dataclasses import replace

import numpy as np
import pytest

from seqlab.compare.decision import compare
from seqlab.compare.retuning import retuned
from seqlab.compare.variation import estimate
from seqlab.metrics.accuracy import Accuracy
from tests.compare.studies import right, scored

NOISE = 0.006


def with_trials(trials, runs=8, name="x", families=()):
    rng = np.random.default_rng(1)
    validation = 0.8 + NOISE * (lambda v: (v - v.mean()) / v.std(ddof=1))(rng.normal(size=runs))
    made = scored(name, right(0.8, runs=runs, seed=len(name)))
    return replace(
        made, trials=tuple(trials), validation=tuple(validation), families=tuple(families)
    )


def added(*contestants):
    variation = estimate(contestants, Accuracy(), None, 0)
    again = retuned(contestants, variation, Accuracy(), 0)
    return None if again is None else again.seeds - variation.seeds


def test_the_variance_is_that_of_tuning_again():
    rng = np.random.default_rng(3)
    estimates, chosen = [], []
    for _ in range(150):
        values = rng.normal(0.8, 0.012, 8)  # of the settings; the truth is that they differ
        again = values + NOISE * rng.standard_normal((400, 8))
        chosen.append(values[again.argmax(axis=1)].var())
        estimates.append(added(with_trials(values + NOISE * rng.standard_normal(8)))[0])
    assert np.mean(estimates) == pytest.approx(np.mean(chosen), rel=0.5)


def test_a_clear_winner_among_the_trials_adds_nothing():
    assert added(with_trials([0.9, 0.5, 0.4]))[0] == 0


def test_without_trials_nothing_is_known():
    assert added(scored("x", right(0.8))) is None
    assert added(with_trials([0.8])) is None


def test_families_count_tuning_and_the_standings_say_what_they_count():
    first = with_trials([0.80, 0.81, 0.79, 0.80], name="gru", families=["recurrent"])
    second = with_trials([0.80, 0.79, 0.80, 0.81], name="transformer", families=["attention"])
    comparison = compare([first, second], Accuracy())
    match, pair = comparison.families[0], comparison.pairs[0]
    assert (match.first, match.first_member) == ("recurrent", "gru")
    assert match.high - match.low > 1.02 * (pair.high - pair.low)
    firsts = [s.tuned_first for s in comparison.standings]
    assert sum(firsts) == pytest.approx(100)
    # What is likely with tuning counted is nearer to a coin's throw.
    assert abs(max(firsts) - 50) <= abs(max(s.first for s in comparison.standings) - 50) + 1


def test_the_best_members_stand_for_their_families():
    families = {
        "gru": "recurrent",
        "rnn": "recurrent",
        "transformer": "attention",
        "nb": "baselines",
    }
    shares = {"gru": 0.85, "rnn": 0.6, "transformer": 0.75, "nb": 0.7}
    field = [
        replace(scored(name, right(share, seed=i)), families=(families[name],))
        for i, (name, share) in enumerate(shares.items())
    ]
    matches = {(m.first, m.second): m for m in compare(field, Accuracy()).families}
    recurrent = matches["recurrent", "attention"]
    assert (recurrent.first_member, recurrent.second_member) == ("gru", "transformer")
    assert recurrent.decided
    assert matches["networks", "baselines"].first_member == "gru"
    assert ("modern", "classic") not in matches
