"""Expected validation performance against the enumeration of all draws of trials."""

import itertools

import numpy as np
import pytest

from seqlab.compare.tuning_curve import tuning_curve

TRIALS = [0.71, 0.74, 0.69, 0.74, 0.80]


def enumerated(values, best, with_replacement):
    draw = itertools.product if with_replacement else itertools.combinations
    for budget in range(1, len(values) + 1):
        draws = draw(values, repeat=budget) if with_replacement else draw(values, budget)
        yield np.mean([best(chosen) for chosen in draws])


@pytest.mark.parametrize(("form", "with_replacement"), [("plug-in", True), ("unbiased", False)])
@pytest.mark.parametrize(("higher_is_better", "best"), [(True, max), (False, min)])
def test_as_enumerated(form, with_replacement, higher_is_better, best):
    expected = list(enumerated(TRIALS, best, with_replacement))
    assert tuning_curve(TRIALS, higher_is_better, form) == pytest.approx(expected)


def test_failed_trials_spend_budget_and_count_as_the_worst():
    expected = list(enumerated([0.5, 0.9, 0.5], max, True))
    assert tuning_curve([0.5, 0.9, float("nan")], True) == pytest.approx(expected)
    expected = list(enumerated([0.5, 0.9, 0.9], min, True))
    assert tuning_curve([0.5, float("nan"), 0.9], False) == pytest.approx(expected)


def test_nothing_tried_and_nothing_finished():
    assert len(tuning_curve([], True)) == 0
    assert np.isnan(tuning_curve([float("nan")] * 2, True)).all()


def test_many_trials_stay_finite():
    values = np.linspace(0, 1, 300)
    for form in ("plug-in", "unbiased"):
        curve = tuning_curve(values, True, form)
        assert (np.diff(curve) > -1e-12).all()
        assert curve[0] == pytest.approx(0.5)
        assert curve[-1] <= 1 + 1e-12
