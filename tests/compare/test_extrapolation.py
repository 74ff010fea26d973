"""What more training would bring: an estimate from a short and a long training."""

import math

import pytest

from seqlab.compare.extrapolation import longer


def estimate(gain, best, spread=0.0, lengths=(2.0, 8.0)):
    return longer("gru", (0.70, 0.70 + gain), lengths, spread, (0.80, best))


def test_the_gain_of_a_factor_is_had_again_or_half_of_it():
    one = estimate(gain=0.04, best=0.90)
    assert (one.low, one.high) == (pytest.approx(0.82), pytest.approx(0.84))
    assert not one.becomes_best
    assert estimate(gain=0.04, best=0.83).becomes_best


def test_a_longer_way_between_the_two_tells_of_less_to_come():
    assert estimate(0.04, 0.9, lengths=(1.0, 16.0)).high == pytest.approx(0.82)


def test_seeds_that_differ_widen_it_but_more_training_is_no_loss():
    one = estimate(gain=0.01, best=0.9, spread=0.01)
    assert one.low == 0.80
    assert one.high == pytest.approx(0.81 + 2 * math.sqrt(2) * 0.01)
    assert estimate(gain=-0.05, best=0.9).high == 0.80


@pytest.mark.parametrize(("gain", "lengths"), [(math.nan, (1, 2)), (0.1, (2, 2)), (0.1, (0, 2))])
def test_what_tells_nothing_gives_no_estimate(gain, lengths):
    assert estimate(gain, best=0.9, lengths=lengths) is None


def test_the_sentence_says_what_it_would_change():
    assert estimate(0.04, 0.9).sentence("0.82 to 0.84", known_best=False) == (
        "4 times as much training: an estimated 0.82 to 0.84 for gru, which would not win"
    )
    assert estimate(0.04, 0.83).sentence("…", known_best=False).endswith("could make it the best")
    assert estimate(0.04, 0.8).sentence("…", known_best=True).endswith("it is the best already")
