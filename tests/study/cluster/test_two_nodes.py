"""A node of a cluster dies in the middle of a study."""

import threading

import pytest

from seqlab.runs import read_json
from tests.study.cluster.work import again, folder_of_work

ray = pytest.importorskip("ray", reason="Ray is not installed")

from seqlab.study.cluster.connection import ray_connected  # noqa: E402
from seqlab.study.cluster.ray_engine import RayEngine  # noqa: E402

pytestmark = pytest.mark.slow
STORE = 80 * 2**20


@pytest.fixture
def cluster(tmp_path_factory):
    """A head without CPUs and two nodes with one each."""
    from ray.cluster_utils import Cluster

    ray.shutdown()
    head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    # A busy machine answers late; who is dead refuses at once.
    head["_system_config"] = {"health_check_timeout_ms": 60_000}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
    with ray_connected(cluster.address, None):
        yield cluster, nodes
    cluster.shutdown()


def test_a_node_that_dies_costs_its_unfinished_run_only(cluster, finished, tmp_path):
    cluster, nodes = cluster
    study, told = folder_of_work(finished, tmp_path), []
    _, jobs = again(finished, 6, steps=200, evaluations=2, patience=None)
    # The one that this process has no part in: it would end with it.
    here = ray.get_runtime_context().get_node_id()
    socket = next(n["RayletSocketName"] for n in ray.nodes() if n["NodeID"] == here)
    victim = next(node for node in nodes if node.raylet_socket_name != socket)
    killer = threading.Thread(
        target=lambda: cluster.remove_node(victim, allow_graceful=False), daemon=True
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
