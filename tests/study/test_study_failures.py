"""Runs that fail: recorded with their reason, and nothing else suffers."""

import errno
import json

import pandas as pd
import pytest

from seqlab.runs import list_runs, read_run
from seqlab.study import fitting, halving
from seqlab.training.history import DivergedError
from tests.study.test_study_folder import FRAME, finished_at, study

DIVERGES = {"learning_rate": 1e30, "clip_norm": None}


def fails_for(monkeypatch, mixer, error):
    """Training fails for one mixer."""
    fit = halving.fit

    def failing(model, objective, spec, *rest):
        if model.spec.mixer == mixer:
            raise error
        return fit(model, objective, spec, *rest)

    monkeypatch.setattr(halving, "fit", failing)


def board(made):
    return made.leaderboard_.set_index("candidate")


def test_a_candidate_that_diverges(tmp_path, in_process):
    """A learning rate beyond all bounds, gradients not clipped; the baseline is unharmed."""
    made = study(tmp_path / "study", train=DIVERGES, steps=20)
    row = board(made).loc["rnn"]
    assert row["status"] == "failed"
    assert " is not a number at step " in row["reason"] or "not finite at step" in row["reason"]
    assert "a lower learning rate" in row["reason"]
    assert pd.isna(row["mean"])
    assert board(made).loc["majority", "status"] == "best"
    assert made.verdict_["recommended"] is None, "always the same answer is no answer"
    assert "rnn" not in made.verdict_["winner_set"]
    made.report()
    assert "a lower learning rate" in (made.folder_ / "report.html").read_text()


def test_a_study_whose_own_files_are_gone_stops_and_blames_no_candidate(
    tmp_path, in_process, monkeypatch
):
    folder = tmp_path / "study"
    gone = FileNotFoundError(errno.ENOENT, "No such file or directory", str(folder / "prepared"))
    with monkeypatch.context() as patch:
        fails_for(patch, "rnn", gone)
        with pytest.raises(FileNotFoundError):
            study(folder, steps=20)
    assert not [run for run in list_runs(folder) if run.result.get("status") == "failed"]
    assert board(study(folder, steps=20)).loc["rnn", "status"] != "failed"


REASONS = [
    (MemoryError(), "out of memory; a smaller batch_size or fewer --params would fit"),
    (
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        "out of memory; a smaller batch_size or fewer --params would fit",
    ),
    (RuntimeError("shapes do not fit\nmore"), "RuntimeError: shapes do not fit"),
    (OSError(errno.EACCES, "Permission denied"), "PermissionError: [Errno 13] Permission denied"),
]


@pytest.mark.parametrize(("error", "reason"), REASONS, ids=["memory", "allocator", "bug", "file"])
def test_one_candidate_fails_and_the_others_are_unharmed(
    error, reason, tmp_path, in_process, monkeypatch
):
    alone = study(tmp_path / "alone", candidates=("rnn",))
    fails_for(monkeypatch, "gru", error)
    made = study(tmp_path / "both", candidates=("rnn", "gru"))
    row = board(made).loc["gru"]
    assert (row["status"], row["reason"]) == ("failed", reason)
    assert board(made).loc["rnn", "mean"] == board(alone).loc["rnn", "mean"]
    failed = read_run(made.folder_ / "runs" / "gru" / "verdict-0")
    assert (failed.result["status"], failed.result["reason"]) == ("failed", reason)
    kept = (failed.folder / "traceback.json").exists()
    assert kept is ("memory" not in reason), "a bug leaves its traceback, lack of memory does not"


def test_out_of_memory_is_tried_again_by_the_next_command(tmp_path, in_process, monkeypatch):
    with monkeypatch.context() as patch:
        fails_for(patch, "gru", MemoryError())
        first = study(tmp_path / "study", candidates=("rnn", "gru"))
    before = finished_at(first.folder_)
    again = study(tmp_path / "study", candidates=("rnn", "gru"))
    assert board(again).loc["gru", "status"] != "failed"
    after = finished_at(again.folder_)
    untouched = [name for name in before if not name.startswith("gru")]
    assert all(after[name] == before[name] for name in untouched)


def test_a_failure_of_its_own_is_not_repeated(tmp_path, in_process):
    made = study(tmp_path / "study", train=DIVERGES, steps=20)
    before = finished_at(made.folder_)
    study(tmp_path / "study", train=DIVERGES, steps=20)
    assert finished_at(made.folder_) == before


def test_one_seed_of_many_fails(tmp_path, in_process, monkeypatch):
    """The others make the verdict, and the number of seeds says so."""
    fit, count = halving.fit, []

    def failing(model, objective, spec, *rest):
        count.append(spec.seed)
        if len(count) == 3:  # a trial, then the verdict's seeds
            raise DivergedError("the loss is not finite at step 7")
        return fit(model, objective, spec, *rest)

    monkeypatch.setattr(halving, "fit", failing)
    made = study(tmp_path / "study", seeds=3)
    row = board(made).loc["rnn"]
    assert row["status"] != "failed"
    assert row["seeds"] == 2
    statuses = [r.result["status"] for r in list_runs(made.folder_)]
    assert statuses.count("failed") == 1


def test_everybody_fails(tmp_path, in_process):
    made = study(tmp_path / "study", baselines=(), train=DIVERGES, steps=20)
    assert made.verdict_["recommended"] is None
    assert made.verdict_["winner_set"] == []
    assert not (made.folder_ / "best").exists()
    assert "rnn" in made.verdict_["sentence"] or "fail" in made.verdict_["sentence"]
    made.report()


def test_full_disk_ends_the_study_and_the_same_command_continues(tmp_path, in_process, monkeypatch):
    """What is finished stays; no run is recorded as failed."""
    folder = tmp_path / "study"
    save = fitting.save_weights

    def full(model, where):
        if where.name == "verdict-1":
            (where / "weights.safetensors").write_bytes(b"half")
            raise RuntimeError("I/O error: No space left on device (os error 28)")
        save(model, where)

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "save_weights", full)
        (folder / "runs" / "rnn" / "verdict-1").mkdir(parents=True)
        with pytest.raises(OSError, match="No space left") as raised:
            study(folder)
    assert raised.value.errno == errno.ENOSPC
    before = finished_at(folder)
    assert set(before) == {"rnn/trial-0", "rnn/verdict-0", "majority/verdict-0"}
    made = study(folder)
    assert {name: finished_at(folder)[name] for name in before} == before
    assert board(made).loc["rnn", "seeds"] == 2


def test_full_disk_while_records_are_written(tmp_path, in_process, monkeypatch):
    """A record is the old one or the new one, and no half of one is left."""
    made = study(tmp_path / "study")
    verdict = (made.folder_ / "verdict.json").read_bytes()
    files = {path for path in made.folder_.rglob("*") if path.is_file()}
    dump = json.dump

    def full(value, file, **options):
        if "recommended" in value:
            file.write('{"half":')
            raise OSError(errno.ENOSPC, "No space left on device")
        dump(value, file, **options)

    monkeypatch.setattr("seqlab.runs.json.dump", full)
    with pytest.raises(OSError, match="No space left"):
        study(tmp_path / "study", constraints={"max_params": 9999})
    assert (made.folder_ / "verdict.json").read_bytes() == verdict
    assert {path for path in made.folder_.rglob("*") if path.is_file()} == files


def test_a_class_that_a_subset_misses(tmp_path, in_process):
    """Three texts hold two of three classes: fewer than a classifier needs is said, not hidden."""
    rare = FRAME.copy()
    rare.loc[:9, "label"] = "rare"
    from seqlab.workbench.study import Study

    made = Study(
        candidates=["rnn"],
        budget={"params": 3000, "epochs": 1, "seeds": 2, "trials": 1},
        folder=tmp_path / "study",
        settings={"baselines": ("tfidf-lr", "majority"), "sizes": (2,), "workers": 1},
    ).fit(rare)
    small = read_run(made.folder_ / "runs" / "tfidf-lr" / "verdict-0-size2")
    assert small.result["status"] in ("ok", "failed")
    if small.ok:
        assert 0 <= small.result["test"]["accuracy"] <= 1
    assert read_run(made.folder_ / "runs" / "majority" / "verdict-0-size2").ok
