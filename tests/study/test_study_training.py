"""A study's trainings survive: they continue where they were cut off, and fit where memory ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from seqlab.errors import UserError
from seqlab.isolation import python_module
from seqlab.runs import list_runs, read_run
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study import batch_memory, fitting, halving
from seqlab.study.assignment import Assignment
from seqlab.study.building import model_to_train
from seqlab.study.job import run_job
from seqlab.study.job_context import Supervisor
from seqlab.study.prepared_folder import load_prepared
from seqlab.training.checkpoints import Interrupted
from tests.study.test_study_folder import study

LONG = {"epochs": 30, "patience": None, "checkpoint_seconds": 0.0}
SHORT = {**LONG, "epochs": 4}


def assignment_like(made, **train):
    """A verdict run of the study's, with other training settings."""
    run = made.model_run
    settings = run.result["settings"]
    prepared = made.folder_ / "prepared/fold0"
    data = (prepared / "digest").read_text()
    return Assignment(
        job=run.job,
        task="classify",
        prepared="prepared/fold0",
        data=data,
        model=settings["model"],
        train=settings["train"] | train,
    )


def weights_of(run):
    from safetensors.numpy import load_file

    return load_file(run.folder / "weights.safetensors")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from tests import inprocess

    with pytest.MonkeyPatch.context() as patch:
        inprocess.patch(patch)
        made = study(tmp_path_factory.mktemp("trained") / "study", trials=0)
        made.model_run = next(r for r in list_runs(made.folder_) if r.result["kind"] == "model")
        yield made


def test_a_stopped_run_continues_to_the_same_weights(made, tmp_path):
    assignment = assignment_like(made, **LONG)
    folder = assignment.folder(made.folder_)
    run_job(assignment, made.folder_)
    alone, expected = read_run(folder), weights_of(read_run(folder))
    assert alone.result["resumed"] == []
    (folder / "result.json").unlink()
    for steps in (3, 5):
        asked = iter([False] * steps + [True])
        with pytest.raises(Interrupted):
            run_job(assignment, made.folder_, Supervisor(should_stop=lambda: next(asked)))  # noqa: B023
        assert read_run(folder) is None
        assert any((folder / "checkpoints").glob("*/step-*.safetensors"))
    run_job(assignment, made.folder_)
    run = read_run(folder)
    assert run.result["resumed"] == [4, 10]
    assert all(np.array_equal(v, weights_of(run)[k]) for k, v in expected.items())
    assert run.result["test"] == alone.result["test"]
    assert not (folder / "checkpoints").exists()


def test_a_checkpoint_of_other_settings_is_not_continued(made):
    first = assignment_like(made, **LONG)
    (first.folder(made.folder_) / "result.json").unlink(missing_ok=True)
    with pytest.raises(Interrupted):
        run_job(first, made.folder_, Supervisor(should_stop=lambda: True))
    other = assignment_like(made, **LONG, weight_decay=0.5)
    run_job(other, made.folder_)
    run = read_run(other.folder(made.folder_))
    assert (run.result["status"], run.result["resumed"]) == ("ok", [])
    assert not (run.folder / "checkpoints").exists()


def stopped_after(assignment, study, steps):
    """An assignment's checkpoints after so many steps, the last first."""
    (assignment.folder(study) / "result.json").unlink(missing_ok=True)
    asked = iter([False] * (steps - 1) + [True])
    with pytest.raises(Interrupted):
        run_job(assignment, study, Supervisor(should_stop=lambda: next(asked)))
    kept = (assignment.folder(study) / "checkpoints").glob("*/step-*.safetensors")
    return sorted(kept, reverse=True)


def test_a_damaged_checkpoint_is_told_and_the_one_before_continues(made):
    assignment = assignment_like(made, **SHORT, epsilon=1e-7)
    last, _ = stopped_after(assignment, made.folder_, 4)
    last.write_bytes(b"garbage")
    told = []
    run_job(assignment, made.folder_, Supervisor(remark=told.append))
    assert told == [f"{last.name} is damaged; continues from the one before, of step 3"]
    assert read_run(assignment.folder(made.folder_)).result["resumed"] == [3]


def test_where_all_checkpoints_are_damaged_it_begins_anew(made):
    assignment = assignment_like(made, **SHORT, epsilon=1e-6)
    told = []
    for path in stopped_after(assignment, made.folder_, 4):
        path.write_bytes(path.read_bytes()[:100])
    run_job(assignment, made.folder_, Supervisor(remark=told.append))
    assert [line.partition("; ")[2] for line in told] == ["continues from the beginning"] * 2
    assert read_run(assignment.folder(made.folder_)).result["resumed"] == []


def test_a_checkpoint_of_another_version_is_left_to_the_user(made, monkeypatch):
    """The run has not failed: what is in the way is named, and nothing of it is lost."""
    assignment = assignment_like(made, **SHORT, epsilon=1e-5)
    with monkeypatch.context() as patch:
        patch.setattr("seqlab.training.checkpoints.FORMAT", 1)
        last, _ = stopped_after(assignment, made.folder_, 4)
    with pytest.raises(UserError) as caught:
        run_job(assignment, made.folder_)
    assert caught.value.message == f"{last}: a checkpoint of version 1; accepted: 3"
    assert caught.value.hint == "delete it to train from the beginning"
    assert last.exists()
    assert read_run(assignment.folder(made.folder_)) is None


def test_a_kill_while_the_test_part_is_scored_costs_no_training(made, monkeypatch):
    assignment = assignment_like(made, **SHORT, epsilon=1e-4)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "predict_all", killed)
        with pytest.raises(KeyboardInterrupt):
            run_job(assignment, made.folder_)
    run_job(assignment, made.folder_)
    result = read_run(assignment.folder(made.folder_)).result
    assert result["resumed"] == [result["steps"]]


def test_two_processes_never_write_one_run(made, monkeypatch):
    """Of a study that was killed and begun again at once, the old one's process still trains."""
    assignment = assignment_like(made, **SHORT, epsilon=1e-3)
    fit, calls = halving.fit, []

    def counted(*rest):
        calls.append(1)
        return fit(*rest)

    monkeypatch.setattr(halving, "fit", counted)
    threads = [Thread(target=run_job, args=(assignment, made.folder_)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [1], "the second waited, and found the run finished"
    assert read_run(assignment.folder(made.folder_)).ok


def test_out_of_memory_halves_the_batch_and_keeps_the_effective_size(made, monkeypatch):
    fit, seen = halving.fit, []

    def narrow(model, objective, spec, *rest):
        seen.append((spec.batch_size, spec.batch_tokens, spec.accumulate))
        if spec.batch_size > 16:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes")
        return fit(model, objective, spec, *rest)

    monkeypatch.setattr(halving, "fit", narrow)
    assignment = assignment_like(made, batch_size=64, batch_tokens=4096, epochs=2)
    run_job(assignment, made.folder_)
    result = read_run(assignment.folder(made.folder_)).result
    assert seen == [(64, 4096, 1), (32, 2048, 2), (16, 1024, 4)]
    assert (result["status"], result["batch_halved"]) == ("ok", 2)


def test_a_memory_limit_chooses_the_batch_once_for_all_seeds(made, monkeypatch):
    tried = []

    def peak(prepared, build, spec):
        tried.append(spec.batch_size)
        return 500 + spec.batch_size

    monkeypatch.setattr(batch_memory, "_peak", peak)
    for seed in (1, 2):
        assignment = assignment_like(made, max_memory_mb=505, seed=seed, steps=2)
        run_job(assignment, made.folder_)
        result = read_run(assignment.folder(made.folder_)).result
        assert result["status"] == "ok", result["reason"]
        assert result["choices"]["batch_size"]["chosen"] == 4
        assert 0 < result["tokens"] <= 2 * result["choices"]["batch_size"]["batch_tokens"]
        assert 0 < result["loading"] < 1
    assert tried == [1, 2, 4]


@pytest.mark.parametrize("packing", [True, False, None])
def test_a_model_computes_as_its_training_wants(made, packing):
    task = load_prepared("classify", made.folder_ / "prepared/fold0").task
    spec = TrainSpec(packing=packing, recompute=True)
    model = model_to_train(task, ModelSpec(mixer="gru", width=8), spec)
    assert model.blocks.packing is packing
    assert model.blocks[0].recompute


def start_worker(folder):
    process = subprocess.Popen(
        python_module("seqlab.study.worker", str(folder)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert any('"ready"' in line for line in process.stdout), "it ended"
    return process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", ["terminated", "left alone", "killed"])
def test_a_worker_that_ends_leaves_a_checkpoint_to_continue(how, made):
    assignment = assignment_like(made, **{**LONG, "epochs": 100_000, "steps": 200_000})
    folder: Path = assignment.folder(made.folder_)
    worker = start_worker(made.folder_)
    worker.stdin.write(json.dumps(assignment.plain()) + "\n")
    worker.stdin.flush()
    end = time.monotonic() + 60
    while not any((folder / "checkpoints").glob("*/step-*.safetensors")):
        assert time.monotonic() < end
        time.sleep(0.05)
    if how == "terminated":
        worker.terminate()
    elif how == "killed":
        worker.kill()
    else:
        worker.stdin.close()
    assert worker.wait(10) == (-signal.SIGKILL if how == "killed" else 0)
    assert read_run(folder) is None
    kept = max((folder / "checkpoints").glob("*/step-*.safetensors"))
    reached = int(kept.stem.split("-")[1])
    asked = iter([False, True])
    with pytest.raises(Interrupted, match=f"stopped after step {reached + 2} "):
        run_job(assignment, made.folder_, Supervisor(should_stop=lambda: next(asked)))
