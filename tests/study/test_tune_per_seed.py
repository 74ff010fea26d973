"""Each verdict seed with settings of its own trials: whole pipelines are compared."""

import time

import pytest

from seqlab.runs import list_runs, read_json, write_json
from seqlab.study.clock import Clock
from seqlab.study.plan import Allowance, Tuned
from seqlab.study.spec import StudySpec
from seqlab.study.stored_plan import read_allowance, write_allowance
from seqlab.study.timing import Outlook, Pace
from seqlab.study.trials import trial_scores, tune
from seqlab.study.verdict import PER_SEED
from tests.study import settings
from tests.study.settings import LISTED, RATES
from tests.study.test_cuts import settle
from tests.study.test_floor import conditions_of
from tests.study.test_study_folder import study


@pytest.fixture(autouse=True)
def known_settings(monkeypatch):
    settings.patch(monkeypatch)


BUDGET = {"trials": 2, "seeds": 2, "tune_per_seed": True}


def runs_of(folder, role):
    """The stored runs of the network, by number."""
    runs = [run.result for run in list_runs(folder) if run.result["candidate"] == "rnn"]
    return {run["number"]: run for run in runs if run["role"] == role}


def rate(run):
    return run["settings"]["train"]["learning_rate"]


def test_every_seed_has_trials_of_its_own_at_the_same_points(tmp_path, in_process):
    made = study(tmp_path / "study", **BUDGET)
    trials = runs_of(made.folder_, "trial")
    assert sorted(trials) == [0, 1, 2, 3]
    assert [rate(trials[n]) for n in range(4)] == [*RATES[:2]] * 2
    assert len({run["settings"]["train"]["seed"] for run in trials.values()}) == 4
    for number, run in runs_of(made.folder_, "verdict").items():
        own = [trials[2 * number], trials[2 * number + 1]]
        assert rate(run) == rate(max(own, key=lambda t: (t["valid"], -t["number"])))
    assert made.verdict_["tuned"] == "per seed"
    assert PER_SEED in made.verdict_["reasons"]


def test_settings_of_a_seed_come_from_its_trials(tmp_path, in_process, monkeypatch):
    made, conditions = conditions_of(monkeypatch, tmp_path / "study", **BUDGET)
    settle(made.folder_, (0.9, 0.5, 0.5, 0.6))
    assert tune(conditions) == [{"rnn": Tuned(LISTED[0])}, {"rnn": Tuned(LISTED[1])}]
    assert trial_scores(conditions) == {}  # the seeds hold the variance of tuning


def test_more_seeds_bring_only_their_own_trials(tmp_path, in_process):
    folder = tmp_path / "study"
    before = runs_of(study(folder, **BUDGET).folder_, "trial")
    stamps = {n: (folder / f"runs/rnn/trial-{n}/result.json").stat().st_mtime_ns for n in before}
    made = study(folder, **BUDGET | {"seeds": 3})
    assert sorted(runs_of(made.folder_, "trial")) == [0, 1, 2, 3, 4, 5]
    for number, stamp in stamps.items():
        assert (folder / f"runs/rnn/trial-{number}/result.json").stat().st_mtime_ns == stamp


def test_a_study_tuned_once_says_so_and_keeps_its_plan(tmp_path, in_process):
    made = study(tmp_path / "study", trials=2, seeds=2)
    assert sorted(runs_of(made.folder_, "trial")) == [0, 1]
    assert made.verdict_["tuned"] == "once"
    assert PER_SEED not in made.verdict_["reasons"]
    assert "tune_per_seed" not in read_json(made.folder_ / "plan.json")["key"]["budget"]


def test_plan_key_knows_the_option(tmp_path):
    once = StudySpec.read({"task": "classify"})
    write_allowance(tmp_path, once, Allowance(trials=5, seeds=8, epochs=1))
    per_seed = StudySpec.read({"task": "classify", "budget": {"tune_per_seed": True}})
    assert read_allowance(tmp_path, once)[1]
    assert not read_allowance(tmp_path, per_seed)[1]


def test_the_plan_expects_the_trials_of_every_seed():
    pace = Pace(step=1, example=0, steps_per_epoch=10, valid=1, test=1, evaluations=1)

    def takes(**changes):
        allowance = Allowance(trials=2, seeds=8, epochs=1, **changes)
        return Outlook(entries=[], paces={"rnn": pace}).seconds(allowance)

    assert takes(tune_per_seed=True) - takes() == 7 * 2 * 10


def test_time_that_is_up_leaves_seeds_out_not_trials(tmp_path, in_process, monkeypatch):
    """Two seeds are always tuned and judged; the third has no time for its trials."""
    clock = Clock(expected={}, total=1.0, workers=1, tuning=2, deadline=time.monotonic() - 1)
    _, conditions = conditions_of(monkeypatch, tmp_path / "other", **BUDGET | {"seeds": 3})
    planned = [conditions.planner.trial(conditions.entries[0], n, LISTED[n % 2]) for n in range(6)]
    assert [clock.keep(a) for a in planned] == [True] * 4 + [False] * 2
    cut = clock.cut(Allowance(trials=2, seeds=3, epochs=1, tune_per_seed=True))
    assert (cut.trials, cut.seeds) == (2, 2)


def test_a_seed_whose_trials_did_not_run_is_not_judged(tmp_path, in_process, monkeypatch):
    keep = Clock.keep

    def late(clock, assignment):
        clock.deadline = time.monotonic() - 1 if assignment.job.role == "trial" else None
        return keep(clock, assignment)

    monkeypatch.setattr(Clock, "keep", late)
    made = study(tmp_path / "study", **BUDGET | {"seeds": 3})
    assert sorted(runs_of(made.folder_, "trial")) == [0, 1, 2, 3]
    assert sorted(runs_of(made.folder_, "verdict")) == [0, 1]
    said = "cut to keep the time: 2 of 3 seeds"
    assert made.verdict_["left_out"] == [said]
    stored = read_json(made.folder_ / "plan.json")["allowance"]
    assert (stored["trials"], stored["seeds"]) == (2, 2)


def test_a_plan_of_an_earlier_version_is_read(tmp_path):
    spec = StudySpec.read({"task": "classify"})
    write_allowance(tmp_path, spec, Allowance(trials=5, seeds=8, epochs=1))
    stored = read_json(tmp_path / "plan.json")
    stored["allowance"] |= {"dropped": ["lstm"]}
    write_json(tmp_path / "plan.json", stored)
    assert read_allowance(tmp_path, spec)[0] == Allowance(trials=5, seeds=8, epochs=1)
