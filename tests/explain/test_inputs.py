"""Every kind of input and answer that a task has: sums, numbers of units, removal."""

import numpy as np
import pytest

from seqlab import registry
from seqlab.explain.case import case_of
from seqlab.explain.explaining import method, possible
from seqlab.explain.methods.base import scores_of
from seqlab.explain.methods.integrated_gradients import ALLOWED
from tests.explain.cases import prepared, subject

TASKS = ("regress", "series", "images", "tag", "span", "translate", "forecast", "language")


@pytest.fixture(scope="module", params=TASKS)
def case(request):
    table = registry.load("tasks", request.param).sample(60, 0)
    settings = {"horizon": 3} if request.param == "forecast" else {}
    made = prepared(task=request.param, frame=table.frame, **settings)
    shape = {"pooling": "mean"} if request.param != "images" else {}
    return case_of(
        subject(made.task, "gru", exact=False, **shape), made.test.take(np.arange(2)), made.train
    )


def test_every_possible_method_gives_a_number_for_each_score_and_unit(case):
    assert {"integrated-gradients", "gradient-input", "occlusion-mask"} <= set(possible(case))
    for name in possible(case):
        found = method(name).attribute(case)
        for row, values in enumerate(found.values):
            own = [answer for answer in case.question.names(row) if answer]
            assert values.shape[0] >= len(own) >= 1
            assert values.shape[1] == case.units.count(row) > 0
            assert np.isfinite(values).all()
            assert np.abs(values).max() > 0
        if name == "integrated-gradients":
            assert found.facts["missed"] <= ALLOWED
        assert len(found.frame(case.units, case.question))


@pytest.mark.parametrize("how", ["delete", "mask", "resample"])
def test_removing_nothing_changes_nothing_and_removing_all_does(case, how):
    if how not in case.units.removals:
        assert case.question.by_position
        return
    rng, rows = np.random.default_rng(0), np.arange(2)
    counts = [case.units.count(row) for row in rows]
    whole = scores_of(case, case.question, case.examples)
    same = case.units.without(rows, [np.zeros(n, bool) for n in counts], how, rng)
    np.testing.assert_allclose(scores_of(case, case.question, same), whole, atol=1e-5)
    none = case.units.without(rows, [np.ones(n, bool) for n in counts], how, rng)
    assert np.abs(scores_of(case, case.question, none) - whole).max() > 1e-6


def test_gradients_of_a_value_are_of_the_unit_that_holds_it():
    table = registry.load("tasks", "series").sample(60, 0)
    made = prepared(task="series", frame=table.frame)
    case = case_of(subject(made.task, "gru", exact=False), made.test.take(np.arange(2)), made.train)
    found = method("gradient-input").attribute(case)
    for row, values in enumerate(found.values):
        names = case.units.names(row)
        assert len(names) == values.shape[1]
        assert names[0].startswith("channel 1")
        unit = case.units.unit_map(row)[0, 0]
        silent = case.units.without(
            np.array([row]), [np.arange(len(names)) == unit], "mask", np.random.default_rng(0)
        )
        again = case_of(case.subject, silent, made.train)
        assert method("gradient-input").attribute(again).values[0][0, unit] == pytest.approx(0)
