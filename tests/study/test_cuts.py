"""What was planned and not done is said in sentences that stand alone; edges are of what ran."""

import json
import shutil
from dataclasses import replace

import pytest

from seqlab.runs import list_runs
from seqlab.study.plan import Allowance
from seqlab.study.portfolio import BEYOND, setting
from seqlab.study.timing import cut_short, explained
from seqlab.study.trials import edges, hopeless, trials_that_ran, tune, without_hopeless
from tests.study import settings
from tests.study.settings import RATES
from tests.study.test_floor import conditions_of

WANTED = Allowance(trials=5, seeds=8, epochs=16)


@pytest.fixture(autouse=True)
def known_settings(monkeypatch):
    settings.patch(monkeypatch)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trials": 3}, "cut to keep the time: 3 of 5 trials"),
        ({"seeds": 5, "epochs": 4}, "cut to keep the time: 5 of 8 seeds, 4 of 16 epochs"),
        ({"seeds": 1}, "cut to keep the time: 1 of 8 seeds"),
    ],
    ids=str,
)
def test_what_a_time_limit_leaves_out(changes, said):
    assert explained(replace(WANTED, **changes), WANTED).left_out == (said,)
    assert explained(WANTED, WANTED).left_out == ()


def test_what_time_did_not_allow():
    assert cut_short("seed", 4, 5) == "cut to keep the time: 4 of 5 seeds"


def settle(folder, valid, role="trial"):
    """Let trials of a candidate have reached these scores."""
    for number, score in enumerate(valid):
        path = folder / f"runs/rnn/{role}-{number}/result.json"
        result = json.loads(path.read_text()) | {"valid": score}
        path.write_text(json.dumps(result))


def test_edges_are_those_of_trials_that_ran(tmp_path, in_process, monkeypatch):
    """The first of three has the lowest rate; a fourth, which is lower, was only planned."""
    made, conditions = conditions_of(monkeypatch, tmp_path / "study", trials=4)
    rates = RATES
    settle(made.folder_, (0.9, 0.5, 0.4, 0.4), "short")
    tune(conditions)  # the full trials of the settings that are the best now
    ran = trials_that_ran(conditions)["rnn"]
    assert {run.job.number for run in ran} == {0, 1}
    assert [len(runs) for runs in trials_that_ran(conditions, "short").values()] == [4]
    settled = {run.job.number: run.folder / "result.json" for run in ran}
    for number, path in settled.items():
        result = json.loads(path.read_text()) | {"valid": 0.9 if number == 0 else 0.5}
        path.write_text(json.dumps(result))
    shutil.rmtree(made.folder_ / "runs/rnn/short-3")
    assert edges(conditions) == [
        f"rnn: the best learning rate, {rates[0]:g}, is the lowest of the 3 tried; more trials "
        "could help it"
    ]


def test_only_the_best_of_the_short_trials_go_on(tmp_path, in_process, monkeypatch):
    _, conditions = conditions_of(monkeypatch, tmp_path / "study", trials=5)
    short = {run.job.number: run.result for run in trials_that_ran(conditions, "short")["rnn"]}
    full = {run.job.number: run.result for run in trials_that_ran(conditions)["rnn"]}
    assert sorted(short)[:5] == [0, 1, 2, 3, 4]
    ranked = sorted(short, key=lambda number: (-short[number]["valid"], number))
    assert set(full) == set(ranked[:2])
    for number, result in full.items():
        before = short[number]["settings"]["train"]
        assert before["seed"] == result["settings"]["train"]["seed"]
        assert before["epochs"] < result["settings"]["train"]["epochs"]


def test_a_rate_that_the_user_set_has_no_edge(tmp_path, in_process, monkeypatch):
    train = {"learning_rate": 1e-3}
    made, conditions = conditions_of(monkeypatch, tmp_path / "study", trials=3, train=train)
    settle(made.folder_, (0.5, 0.9, 0.5), "short")
    tune(conditions)
    assert edges(conditions) == []
    assert made.verdict_["left_out"] == []


def test_a_best_rate_at_the_end_has_all_candidates_try_another_beyond(
    tmp_path, in_process, monkeypatch
):
    """The highest of three is the best of one candidate; then the one beyond it is not."""
    made, conditions = conditions_of(
        monkeypatch, tmp_path / "study", trials=3, candidates=("rnn", "gru")
    )
    for folder in made.folder_.glob("runs/*/short-[12]???"):
        shutil.rmtree(folder)
    settle(made.folder_, (0.5, 0.6, 0.4), "short")
    gru = made.folder_ / "runs/gru"
    for number, score in enumerate((0.5, 0.4, 0.6)):
        path = gru / f"short-{number}/result.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"valid": score}))
    ran = []
    execute = conditions.pool.execute

    def low(assignments, *rest):
        """What runs beyond the end is worse than all that ran before."""
        ran.extend(a.job for a in assignments if not a.settled(made.folder_))
        left_out = execute(assignments, *rest)
        for one in assignments:
            if one.job.number >= BEYOND["high"]:
                path = one.folder(made.folder_) / "result.json"
                path.write_text(json.dumps(json.loads(path.read_text()) | {"valid": 0.1}))
        return left_out

    monkeypatch.setattr(conditions.pool, "execute", low)
    tune(conditions)
    beyond = [job for job in ran if job.role == "short"]
    assert {(job.candidate, job.number) for job in beyond} == {("rnn", 1000), ("gru", 1000)}
    task, families = conditions.planner.task, conditions.entries[0].families
    assert setting(task, families, 1000, 3).learning_rate == pytest.approx(2.2 * RATES[1])
    assert setting(task, families, 2001, 3).learning_rate == pytest.approx(0.002 / 2.2**2, rel=0.01)


def test_who_is_far_behind_in_short_trials_does_not_reach_the_verdict(
    tmp_path, in_process, monkeypatch
):
    made, conditions = conditions_of(
        monkeypatch, tmp_path / "study", trials=3, candidates=("rnn", "gru")
    )
    conditions = replace(conditions, valid=500)
    for run in list_runs(made.folder_):
        if run.job.role == "short":
            score = {"rnn": 0.3, "gru": 0.9}[run.job.candidate] - 0.01 * (run.job.number > 0)
            path = run.folder / "result.json"
            path.write_text(json.dumps(json.loads(path.read_text()) | {"valid": score}))
    assert list(hopeless(conditions)) == ["rnn"]
    assert set(trials_that_ran(conditions)) == {"gru"}
    left, said = without_hopeless(conditions)
    assert [entry.name for entry in left.entries] == ["gru", "majority"]
    assert said == [
        "rnn was screened out: 60.0 points behind the best candidate in its short trials"
    ]
    assert hopeless(replace(conditions, valid=3)) == {}, "three examples show nothing"
