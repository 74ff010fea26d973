"""Drift is found where there is some, and seldom where there is none."""

import numpy as np
import pytest

from seqlab.compare.drift import of_numbers, of_shares


def test_a_shift_is_found_and_its_distance_is_that_of_the_distributions():
    rng = np.random.default_rng(0)
    drift = of_numbers("length", "tokens", rng.normal(0, 1, 4000), rng.normal(1, 1, 4000))
    assert drift.distance == pytest.approx(0.3829, abs=0.03)  # 2 Φ(1/2) − 1
    assert drift.drifted(5)
    assert drift.before["median"] == pytest.approx(0, abs=0.1)
    assert drift.now["median"] == pytest.approx(1, abs=0.1)


def test_shares():
    drift = of_shares("class", "share", ["a"] * 80 + ["b"] * 20, ["a"] * 30 + ["c"] * 70)
    assert drift.distance == pytest.approx(0.7)  # ½ (0.5 + 0.2 + 0.7)
    assert drift.drifted(5)
    assert drift.now == {"a": 0.3, "b": 0.0, "c": 0.7}


@pytest.mark.parametrize("kind", ["numbers", "shares"])
def test_false_alarms_are_rare(kind):
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(100):
        if kind == "numbers":
            drift = of_numbers("x", "", rng.normal(size=60), rng.normal(size=200))
        else:
            drift = of_shares("x", "", *(rng.choice(list("abc"), n).tolist() for n in (60, 200)))
        alarms += drift.drifted(1)
    assert alarms <= 4  # 1 % of 100, and three standard deviations more


def test_what_is_certain_but_tiny_is_none():
    rng = np.random.default_rng(2)
    drift = of_numbers("x", "", rng.normal(0, 1, 50_000), rng.normal(0.1, 1, 50_000))
    assert drift.p_value < 1e-9
    assert not drift.drifted(1)


def test_few_say_nothing():
    drift = of_numbers("x", "", np.arange(1000.0), np.full(19, 5000.0))
    assert drift.few
    assert not drift.drifted(1)


@pytest.mark.parametrize("values", [[], [np.nan, np.inf], [1.0]])
def test_nothing_to_compare(values):
    drift = of_numbers("x", "", np.array(values), np.arange(30.0))
    assert not drift.drifted(1)
    assert of_shares("x", "", [], ["a"]).distance == 0
