"""Runs on a Ray cluster: the same as on one machine, whatever dies meanwhile."""

import shutil
import threading
import time
from dataclasses import replace

import pytest

from seqlab.runs import list_runs, read_json
from seqlab.study.assignment import Assignment

ray = pytest.importorskip("ray", reason="Ray is not installed")

from seqlab.study.cluster import ray_engine  # noqa: E402
from seqlab.study.cluster.connection import ray_connected  # noqa: E402
from seqlab.study.cluster.ray_engine import RayEngine  # noqa: E402

pytestmark = pytest.mark.slow
STORE = 80 * 2**20
LONG = {"steps": 100_000, "evaluations": 10, "patience": None}


def again(study, count=1, **train):
    """The trained verdict run of a finished study as a job, under so many other seeds."""
    digest = (study / "prepared/fold0/digest").read_text()
    run = next(r for r in list_runs(study) if r.job.kind == "model" and r.job.role == "verdict")
    settings = run.result["settings"]
    one = Assignment(
        job=run.job,
        task="classify",
        prepared="prepared/fold0",
        data=digest,
        model=settings["model"],
        train={**settings["train"], **train},
    )
    jobs = [replace(one.job, number=one.job.number + 10 * n) for n in range(count)]
    return run.result, [replace(one, job=job) for job in jobs]


def folder_of_work(finished, tmp_path):
    study = shutil.copytree(finished, tmp_path / "study")
    shutil.rmtree(study / "runs")
    return study


@pytest.fixture(scope="module")
def here():
    with ray_connected("local", 2):
        yield


@pytest.fixture
def cluster(tmp_path_factory):
    """A head without CPUs and two nodes with one each."""
    from ray.cluster_utils import Cluster

    ray.shutdown()
    head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
    with ray_connected(cluster.address, None):
        yield cluster, nodes
    cluster.shutdown()


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
    assert list((jobs[0].folder(study) / "checkpoints").glob("*.safetensors"))


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


def test_a_node_that_dies_costs_its_unfinished_run_only(cluster, finished, tmp_path):
    cluster, nodes = cluster
    study, told = folder_of_work(finished, tmp_path), []
    _, jobs = again(finished, 6, steps=1500, evaluations=3, patience=None)
    killer = threading.Thread(
        target=lambda: cluster.remove_node(nodes[1], allow_graceful=False), daemon=True
    )

    def watch(assignment, share, figures):
        if share == 1.0 and not killer.ident:
            killer.start()

    with RayEngine(study, "cpu") as engine:
        engine.remark = lambda a, text: told.append(text)
        assert engine.execute(jobs, watch) == []
        assert max(engine.attempts.values(), default=0) <= 1
    killer.join()
    results = [read_json(a.folder(study) / "result.json") for a in jobs]
    assert [r["status"] for r in results] == ["ok"] * len(jobs)
    assert [r["valid"] for r in results] == [results[0]["valid"]] * len(jobs)
    assert len(told) <= 1


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
                for task in engine.running:
                    ray.cancel(task, force=True)

        engine.execute(jobs, kill)
    assert jobs[0].finished(study).result["reason"] == ray_engine.KILLED
    assert told == [f"{ray_engine.KILLED}; done once more"]
