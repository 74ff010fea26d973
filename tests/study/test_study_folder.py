"""A study's folder: what it holds, and how it grows without doing anything twice."""

import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from seqlab.errors import UserError
from seqlab.runs import list_runs
from seqlab.study.conduct import Listener, conduct
from seqlab.workbench.study import Study
from tests.reviews import reviews

FRAME = pd.DataFrame(reviews(120), columns=["text", "label"])
BUDGET = {"params": 3000, "epochs": 1, "seeds": 2, "trials": 1}
QUALITY = ["candidate", "kind", "metric", "mean", "ci_low", "ci_high", "status", "params", "seeds"]


def study(folder, candidates=("rnn",), baselines=("majority",), data=None, **changes):
    """Runs a study of the frame, or what is missing of it; `changes` to budget or settings."""
    budget = {
        **BUDGET,
        **{
            k: v
            for k, v in changes.items()
            if k in (*BUDGET, "steps", "time", "tune_per_seed", "fair")
        },
    }
    settings = {k: v for k, v in changes.items() if k not in budget}
    made = Study(
        candidates=list(candidates),
        budget=budget,
        data=data or {},
        folder=folder,
        settings={"baselines": baselines, "workers": 1, **settings},
    )
    sources, spec, path = made.resolve(FRAME, None, None)
    made.verdict_ = conduct(spec, sources, path, Listener())
    made.folder_ = path
    return made


def finished_at(folder):
    """When each run was finished, by its folder."""
    runs = Path(folder) / "runs"
    return {
        str(path.parent.relative_to(runs)): path.stat().st_mtime_ns
        for path in runs.glob("*/*/result.json")
    }


def quality(made):
    return made.leaderboard_[QUALITY]


@pytest.fixture
def small(tmp_path, in_process):
    """A finished study and its folder."""
    return study(tmp_path / "study")


def test_the_same_study_again_does_nothing_and_says_the_same(small):
    before, board = finished_at(small.folder_), quality(small)
    again = study(small.folder_)
    assert finished_at(small.folder_) == before
    pd.testing.assert_frame_equal(quality(again), board)
    assert again.verdict_ == small.verdict_
    assert again.verdict_["looks"] == 1


def test_what_a_killed_process_had_half_written_is_taken_away(small):
    kept = {p.name for p in small.folder_.iterdir()}
    (small.folder_ / ".0123456789abcdef.unfinished").write_text("half")
    (small.folder_ / ".fedcba9876543210.unfinished" / "task").mkdir(parents=True)
    study(small.folder_)
    assert {p.name for p in small.folder_.iterdir()} == kept


def test_two_folders_give_the_same_numbers(small, tmp_path):
    other = study(tmp_path / "other")
    pd.testing.assert_frame_equal(quality(other), quality(small))
    for one, two in zip(list_runs(small.folder_), list_runs(other.folder_), strict=True):
        assert one.result["valid"] == two.result["valid"]
        assert one.result.get("test") == two.result.get("test")


def test_more_seeds_extend(small, monkeypatch):
    monkeypatch.setattr("seqlab.compare.race.FUTILE", 0.0)  # however little they would decide
    before = finished_at(small.folder_)
    more = study(small.folder_, seeds=4)
    after = finished_at(small.folder_)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"rnn/verdict-2", "rnn/verdict-3"}
    assert (more.verdict_["seeds"], more.verdict_["looks"]) == (4, 2)


def test_another_candidate_extends(small):
    before = finished_at(small.folder_)
    more = study(small.folder_, candidates=("rnn", "gru"))
    after = finished_at(small.folder_)
    assert {name: after[name] for name in before} == before
    assert {name.partition("/")[0] for name in set(after) - set(before)} == {"gru"}
    assert more.verdict_["looks"] == 2
    assert set(more.leaderboard_["candidate"]) == {"rnn", "gru", "majority"}


def test_more_trials_extend(small):
    before = finished_at(small.folder_)
    study(small.folder_, trials=2)
    after = finished_at(small.folder_)
    assert after["rnn/trial-0"] == before["rnn/trial-0"]
    assert {"rnn/trial-1"} <= set(after)


def test_all_seeds_are_fresh(small):
    seeds = [
        run.result["seed"] for run in list_runs(small.folder_) if run.result["kind"] == "model"
    ]
    assert len(set(seeds)) == len(seeds) == 3


def test_sizes_are_nested_and_extend(small):
    before = finished_at(small.folder_)
    more = study(small.folder_, sizes=(24, 48))
    after = finished_at(small.folder_)
    assert {name: after[name] for name in before} == before
    assert "rnn/verdict-0-size24" in after
    examples = {
        run.result["size"]: run.result["train_examples"]
        for run in list_runs(small.folder_)
        if run.result["role"] == "verdict"
    }
    assert examples == {None: 96, 24: 24, 48: 48}
    comparison = json.loads((small.folder_ / "comparison.json").read_text())
    assert comparison["sizes"]["sizes"] == [24, 48, 96]
    assert comparison["sizes"]["sentence"] in more.verdict_["reasons"]


def test_settings_of_runs_stay_when_a_limited_study_is_extended(tmp_path, in_process, monkeypatch):
    """A time limit chose shorter runs; more seeds later are trained as long as the first ones."""
    limited = study(tmp_path / "study", epochs=None, time=0.01)
    short, *_, unsound = limited.verdict_["left_out"]
    assert re.search(r"^cut to keep the time: .*[0-9.]+ of [0-9]+ epochs$", short)
    assert unsound.startswith("such short runs may mislead: a sound study takes --time ")
    assert "of its usual length by the time limit" in limited.verdict_["sentence"]
    before = finished_at(limited.folder_)
    more = study(limited.folder_, epochs=None, seeds=3)
    after = finished_at(limited.folder_)
    assert {name: after[name] for name in before} == before
    plan = json.loads((limited.folder_ / "plan.json").read_text())["allowance"]
    assert plan["epochs"] < 4
    assert plan["seeds"] == 3
    assert more.verdict_["left_out"] == [short.replace("0 of 1 trial, ", "")]


def test_folds_test_every_row_once(tmp_path, in_process):
    made = study(tmp_path / "study", data={"folds": 3})
    runs = [r for r in list_runs(made.folder_) if r.result["role"] == "verdict"]
    rnn = [r for r in runs if r.result["candidate"] == "rnn"]
    assert sorted((r.result["number"], r.result["fold"]) for r in rnn) == [
        *((0, fold) for fold in range(3)),
        *((1, fold) for fold in range(3)),
    ]
    tested = [
        text
        for fold in range(3)
        for text in pd.read_parquet(made.folder_ / f"prepared/fold{fold}/test/frame.parquet")[
            "text"
        ]
    ]
    assert sorted(tested) == sorted(FRAME["text"])
    planned = Study(task="classify", data={"folds": 3}).plan(FRAME).resolution
    assert planned["units"] == len(FRAME)
    statistics = sum(len(r.statistics("accuracy")) for r in rnn if r.result["number"] == 0)
    assert statistics == len(FRAME)
    board = made.leaderboard_.set_index("candidate")
    means = [run.statistics("accuracy")[:, 0].mean() for run in rnn]
    assert board.loc["rnn", "mean"] == pytest.approx(sum(means) / 6)


def test_groups_stay_together(tmp_path, in_process):
    frame = FRAME.assign(user=[f"user {i % 24}" for i in range(len(FRAME))])
    made = Study(
        candidates=["rnn"],
        budget=BUDGET,
        data={"group": "user"},
        folder=tmp_path / "study",
        settings={"baselines": ()},
    ).fit(frame)
    user_of = dict(zip(frame["text"], frame["user"], strict=True))
    users = [
        {
            user_of[text]
            for text in pd.read_parquet(made.folder_ / "prepared/fold0" / part / "frame.parquet")[
                "text"
            ]
        }
        for part in ("train", "valid", "test")
    ]
    assert all(users)
    assert not users[0] & users[1] | users[0] & users[2] | users[1] & users[2]


def test_refit_learns_from_everything(tmp_path, in_process):
    made = study(tmp_path / "study", baselines=(), refit=True)
    card = json.loads((made.folder_ / "best" / "best.json").read_text())
    assert (card["candidate"], card["refit"]) == ("rnn", True)
    run = next(r for r in list_runs(made.folder_) if r.result["role"] == "refit")
    assert run.result["train_examples"] == 120
    assert card["digest"] == run.result["digest"]
    assert len(made.best_.predict(FRAME)) == 120
    before = finished_at(made.folder_)
    study(made.folder_, baselines=(), refit=True)
    assert finished_at(made.folder_) == before
    plain = study(made.folder_, baselines=())
    assert json.loads((plain.folder_ / "best" / "best.json").read_text())["refit"] is False


def test_a_refit_that_fails_is_said(tmp_path, in_process, monkeypatch):
    from seqlab.study import halving
    from seqlab.training.history import DivergedError

    fit = halving.fit

    def fail_on_all(model, objective, spec, *rest):
        if len(objective.train) == 120:
            raise DivergedError("the loss is not finite at step 3")
        return fit(model, objective, spec, *rest)

    monkeypatch.setattr(halving, "fit", fail_on_all)
    made = study(tmp_path / "study", baselines=(), refit=True)
    card = json.loads((made.folder_ / "best" / "best.json").read_text())
    assert card["refit"] is False
    assert card["refit_failed"] == "the loss is not finite at step 3"


def test_constraints_choose_and_may_leave_nothing(small):
    """What was measured before decides at once; the verdict that was written stays."""
    board = small.leaderboard_.set_index("candidate")
    some = study(small.folder_, constraints={"max_size_mb": 100, "max_params": 1e6})
    assert some.verdict_["constraints"] == {"max_params": 1000000, "max_size_mb": 100.0}
    before = (small.folder_ / "verdict.json").read_bytes()
    with pytest.raises(UserError) as error:
        study(small.folder_, constraints={"max_params": 10})
    assert error.value.message == (
        "--max-params 10: no contestant can meet that; rnn comes nearest, with "
        f"{board.loc['rnn', 'params']:,} parameters"
    )
    assert (small.folder_ / "verdict.json").read_bytes() == before
    back = study(small.folder_)
    assert back.verdict_["recommended"] == small.verdict_["recommended"]
    assert (back.folder_ / "best" / "best.json").exists()


def test_files_of_a_study(finished):
    """Part of the format that others read."""
    names = {path.name for path in finished.iterdir()}
    assert {
        *("settings.json", "environment.json", "data_card.json", "results.parquet"),
        *("leaderboard.csv", "verdict.json", "report.html", "study.json", "best", "runs"),
    } <= names
    board = pd.read_csv(finished / "leaderboard.csv")
    wanted = (
        "candidate kind metric mean ci_low ci_high status params train_seconds latency_ms_p50 "
        "latency_ms_p95 peak_memory_mb"
    )
    assert set(wanted.split()) <= set(board.columns)
    assert set(board["kind"]) == {"model", "baseline"}
    assert set(board["status"]) <= {
        "best",
        "tied",
        "negligible",
        "undecided",
        "worse",
        "unstable",
        "failed",
    }
    assert (board["ci_low"] <= board["mean"]).all()
    assert (board["mean"] <= board["ci_high"]).all()
    assert (board[["latency_ms_p50", "latency_ms_p95", "peak_memory_mb"]] > 0).all().all()
    assert (board["latency_ms_p95"] >= board["latency_ms_p50"]).all()
    verdict = json.loads((finished / "verdict.json").read_text())
    assert {"recommended", "winner_set", "metric", "margin", "seeds", "sentence"} <= set(verdict)
    assert verdict["recommended"] in verdict["winner_set"]
    results = pd.read_parquet(finished / "results.parquet")
    assert len(results) == 4  # a trial, two seeds, a baseline
    assert {"candidate", "role", "seed", "valid", "test_accuracy", "seconds"} <= set(results)
    run = finished / "runs" / "rnn" / "verdict-0"
    assert {path.name for path in run.iterdir()} == {
        *("result.json", "history.json", "exhibits.json"),
        *("statistics.npz", "weights.safetensors"),
    }
    record = json.loads((run / "history.json").read_text())[-1]
    assert {"step", "epoch", "seconds", "train_loss", "valid", "learning_rate"} <= set(record)
    settings = json.loads((finished / "settings.json").read_text())
    assert settings["budget"]["params"] == 3000


def test_nothing_is_pickled(finished):
    endings = {path.suffix for path in finished.rglob("*") if path.is_file()}
    assert not endings & {".pkl", ".pickle", ".pt", ".pth", ".joblib"}


def test_budget_is_kept_and_told(finished):
    results = pd.read_parquet(finished / "results.parquet")
    assert (results.loc[results["candidate"] == "rnn", "params_body"] <= 3000).all()
    stored = json.loads((finished / "study.json").read_text())
    assert stored["budget"]["params"] == 3000
    assert stored["realised"]["contestants"]["rnn"]["epochs"] == 1.0


def test_folder_taken_anew_for_other_data_holds_no_memory_of_the_old(tmp_path, in_process):
    """The same path, emptied and used again in one session."""
    import shutil

    folder = tmp_path / "study"
    study(folder)
    shutil.rmtree(folder)
    other = pd.DataFrame(reviews(60, seed=5), columns=["text", "label"])
    made = Study(
        candidates=["rnn"], budget=BUDGET, folder=folder, settings={"baselines": ("majority",)}
    ).fit(other)
    run = next(r for r in list_runs(made.folder_) if r.result["candidate"] == "rnn")
    assert run.result["train_examples"] == 48


def test_a_relative_folder_stays_where_it_was(tmp_path, in_process, monkeypatch):
    """Whether the current folder changes while the study runs, or after it."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    made = Study(
        candidates=["rnn"],
        budget=BUDGET,
        folder="study",
        settings={"baselines": ("majority",), "workers": 1},
    )
    made.fit(FRAME, listener=Listener(plan=lambda plan: os.chdir(tmp_path / "elsewhere")))
    assert len(made.best_.predict(FRAME)) == len(FRAME)
    assert set(made.leaderboard_["candidate"]) == {"rnn", "majority"}
    opened = Study.open("../study")
    monkeypatch.chdir(tmp_path)
    opened.report()
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == []
