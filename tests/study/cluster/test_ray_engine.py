"""Runs on a Ray cluster: the same as on one machine, whatever dies meanwhile."""

import time

import pytest

from tests.study.cluster.work import again, folder_of_work

ray = pytest.importorskip("ray", reason="Ray is not installed")

import psutil  # noqa: E402 – it comes with Ray

from seqlab.study.cluster import ray_engine  # noqa: E402
from seqlab.study.cluster.connection import ray_connected  # noqa: E402
from seqlab.study.cluster.ray_engine import RayEngine  # noqa: E402

pytestmark = pytest.mark.slow
STORE = 80 * 2**20
LONG = {"steps": 100_000, "evaluations": 10, "patience": None}


@pytest.fixture(scope="module")
def here():
    with ray_connected("local", 2):
        yield


def measured(result):
    """Of a result what does not depend on the machine's pace."""
    timed = {"seconds", "wall_seconds", "loading", "machine"}
    return {name: value for name, value in result.items() if name not in timed}


@pytest.mark.parametrize("seen", [True, False])
def test_a_run_is_the_same_as_on_this_machine(seen, here, finished, tmp_path, monkeypatch):
    """In the study's own folder, and where the node does not see it."""
    result, (assignment,) = again(finished)
    study, told, shares = folder_of_work(finished, tmp_path), [], []
    with RayEngine(study, "cpu") as engine:
        engine.remark = lambda a, text: told.append(text)
        if not seen:
            _ = engine.board
            (study / engine.token).unlink()
        left_out = engine.execute([assignment], lambda a, share, figures: shares.append(share))
    assert left_out == []
    assert measured(assignment.finished(study).result) == measured(result)
    assert shares[-1] == 1.0
    assert ["does not see" in text for text in told] == [] if seen else [True]
    assert [p.name for p in study.iterdir() if p.suffix == ".unfinished"] == []


def test_what_a_time_limit_leaves_no_room_for_is_left_out(here, finished, tmp_path):
    study = folder_of_work(finished, tmp_path)
    _, jobs = again(finished, 2)
    with RayEngine(study, "cpu") as engine:
        assert engine.execute(jobs, keep=lambda a: a is jobs[0]) == jobs[1:]
    assert jobs[0].finished(study)
    assert not jobs[1].finished(study)


def test_who_is_overdue_leaves_with_a_checkpoint(here, finished, tmp_path):
    study = folder_of_work(finished, tmp_path)
    _, jobs = again(finished, **LONG)
    seen = []
    with RayEngine(study, "cpu") as engine:
        engine.overdue = lambda a: len(seen) > 1
        left_out = engine.execute(jobs, lambda a, share, figures: seen.append(share))
    assert left_out == jobs
    assert list(jobs[0].folder(study).glob("checkpoints/*/*.safetensors"))


def test_interrupted_it_leaves_the_cluster_idle_and_the_same_command_continues(
    here, finished, tmp_path
):
    study = folder_of_work(finished, tmp_path)
    _, jobs = again(finished, 2, **LONG)

    def interrupt(assignment, share, figures):
        if figures is not None:
            raise KeyboardInterrupt

    engine = RayEngine(study, "cpu")
    with pytest.raises(KeyboardInterrupt):
        engine.execute(jobs, interrupt)
    begun = time.monotonic()
    engine.close()
    assert time.monotonic() - begun < 10
    assert ray.available_resources()["CPU"] == ray.cluster_resources()["CPU"]
    steps = [p.name for p in study.rglob("step-*.safetensors")]
    assert steps, "who trained has left a checkpoint"


def test_prepared_data_that_no_object_store_takes_are_said(here, finished, tmp_path):
    study = folder_of_work(finished, tmp_path)
    with open(study / "prepared/fold0/large", "wb") as file:
        file.truncate(STORE + 1)
    _, jobs = again(finished)
    with RayEngine(study, "cpu") as engine:
        _ = engine.board
        (study / engine.token).unlink()
        with pytest.raises(ray_engine.UserError) as raised:
            engine.execute(jobs)
    assert "the prepared data have 84 MB, and the object store" in raised.value.message


def test_a_run_that_dies_twice_is_recorded(here, finished, tmp_path):
    study, told = folder_of_work(finished, tmp_path), []
    _, jobs = again(finished, **LONG)
    with RayEngine(study, "cpu") as engine:
        engine.remark = lambda a, text: told.append(text)

        def kill(assignment, share, figures):
            if figures is not None:
                for process in psutil.Process().children(recursive=True):
                    if process.cmdline()[:1] == ["ray::perform"]:
                        process.kill()

        engine.execute(jobs, kill)
    assert jobs[0].finished(study).result["reason"] == ray_engine.KILLED
    assert told == [f"{ray_engine.KILLED}; done once more"]
