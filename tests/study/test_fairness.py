"""What of training is equal among candidates, as it was declared."""

import pytest

from seqlab.errors import UserError
from seqlab.runs import list_runs, read_json
from seqlab.study import fairness
from seqlab.study.fairness import equal_lengths, refuse_contradictory_limits, unequal_seconds
from seqlab.study.spec import Budget
from tests.study.test_floor import conditions_of


def verdict_runs(folder):
    return [
        run.result
        for run in list_runs(folder)
        if run.job.role == "verdict" and run.job.kind == "model"
    ]


@pytest.fixture
def fair(tmp_path, in_process, monkeypatch):
    """A finished study of two candidates under a declaration of what is equal."""

    def run(**budget):
        candidates = ("rnn", "transformer")
        return conditions_of(
            monkeypatch, tmp_path / "study", candidates=candidates, trials=0, seeds=1, **budget
        )

    return run


def test_the_same_steps(fair):
    made, _ = fair(fair="steps")
    steps = {run["candidate"]: run["steps"] for run in verdict_runs(made.folder_)}
    assert len(steps) == 2
    assert len(set(steps.values())) == 1


def test_the_same_operations_are_lengths_that_the_operations_of_a_step_ask_for(fair):
    made, conditions = fair(fair="flops")
    lengths = conditions.planner.allowance.lengths
    epochs = {
        run["candidate"]: run["settings"]["train"]["epochs"] for run in verdict_runs(made.folder_)
    }
    assert lengths["rnn"] != lengths["transformer"]
    assert epochs["rnn"] / epochs["transformer"] == pytest.approx(
        lengths["rnn"] / lengths["transformer"], rel=1e-3
    )
    said = made.verdict_["reasons"]
    assert any("the same number of operations (times the usual length: rnn" in s for s in said)
    stored = read_json(made.folder_ / "plan.json")["allowance"]["lengths"]
    assert stored == dict(lengths), "a study that is continued has the same lengths"


def test_the_same_seconds_follow_from_the_pace(fair, monkeypatch):
    monkeypatch.setattr(fairness, "_step_flops", None)  # not asked for
    pace = {"rnn": 1.0, "transformer": 3.0}
    _, conditions = fair()
    entries = conditions.entries
    lengths = equal_lengths(Budget(fair="seconds"), None, entries, pace)
    assert lengths == {"rnn": 2.0, "transformer": pytest.approx(2 / 3, abs=1e-4)}
    assert equal_lengths(Budget(), None, entries, pace) == {}


def test_seconds_that_were_not_equal_are_told():
    seconds = {"rnn": 10.0, "gru": 14.0}
    assert "10 (rnn) to 14 (gru)" in unequal_seconds(Budget(fair="seconds"), seconds)
    assert unequal_seconds(Budget(fair="seconds"), {"rnn": 10.0, "gru": 11.0}) == ""
    assert unequal_seconds(Budget(), seconds) == ""


def test_two_declarations_are_refused():
    refuse_contradictory_limits(Budget(fair="seconds", train_seconds=3))
    with pytest.raises(UserError, match="--fair steps and --train-seconds contradict"):
        refuse_contradictory_limits(Budget(fair="steps", train_seconds=3))


def test_a_run_that_is_longer_than_the_study_is_refused():
    refuse_contradictory_limits(Budget(train_seconds=60, time=None))
    with pytest.raises(UserError, match="--train-seconds 60: a single run would take longer"):
        refuse_contradictory_limits(Budget(train_seconds=60, time=30))
