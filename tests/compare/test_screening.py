"""Families that are hopeless on validation are named, and no others."""

import numpy as np
import pytest

from seqlab.compare.screening import screened, standard_error
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.mae import Mae


def test_far_behind_is_screened_out_and_close_is_not():
    trials = {"gru": [0.7, 0.9], "lstm": [0.88], "rnn": [0.6, 0.5], "lost": [np.nan]}
    assert screened(trials, 1000, Accuracy()) == pytest.approx({"rnn": 0.3})
    assert screened(trials, 20, Accuracy()) == {}  # twenty examples say too little


def test_two_points_are_forgiven_whatever_is_known():
    trials = {"gru": [0.9], "lstm": [0.881]}
    assert screened(trials, 10**8, Accuracy()) == {}
    assert screened({**trials, "lstm": [0.878]}, 10**8, Accuracy()) == pytest.approx(
        {"lstm": 0.022}
    )


def test_errors_are_judged_by_the_spread_of_trials_and_a_tenth():
    trials = {"gru": [1.0, 1.01], "rnn": [1.3, 1.31], "lstm": [1.09, 1.1]}
    assert screened(trials, 500, Mae()) == pytest.approx({"rnn": 0.3})
    assert screened({name: values[:1] for name, values in trials.items()}, 500, Mae()) == {}


def test_a_perfect_score_is_not_without_doubt():
    assert standard_error([1.0], 50, Accuracy()) > 0.01


def test_nothing_is_screened_without_a_rival():
    assert screened({"gru": [0.9], "lost": [np.nan]}, 100, Accuracy()) == {}
