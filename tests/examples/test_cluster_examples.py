"""The script for SLURM and the job for Kubernetes: what can be held of them without either."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

CLUSTER = Path(__file__).parents[2] / "examples/cluster"
# What the script calls; each writes down how it was called.
FAKES = {
    "scontrol": 'echo "scontrol $*" >> $CALLS; echo node1; echo node2',
    "srun": 'echo "srun $*" >> $CALLS',
    "ray": 'echo "ray $*" >> $CALLS; [ "$1" != start ] || exec sleep 60',
    "seqlab": 'echo "seqlab $*" >> $CALLS; exit ${STATUS:-0}',
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("status", [0, 3])
def test_the_slurm_script_starts_ray_on_all_nodes_and_the_study_on_the_first(status, tmp_path):
    for name, body in FAKES.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(stat.S_IRWXU)
    calls = tmp_path / "calls"
    given = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "STATUS": str(status),
        "SLURM_JOB_ID": "20007",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_JOB_NODELIST": "node[1-2]",
        "SLURM_CPUS_PER_TASK": "8",
        "SEQLAB_NODES_SECONDS": "0.5",
    }
    command = ["bash", str(CLUSTER / "study.slurm"), "a b.csv", "-o", "study"]
    done = subprocess.run(command, env=given, cwd=tmp_path, timeout=50, capture_output=True)
    assert done.returncode == status, done.stderr
    said = calls.read_text().splitlines()
    assert any(c.startswith("ray start --head --node-ip-address=node1 --port=20007") for c in said)
    others = [call for call in said if call.startswith("srun")]
    assert len(others) == 1
    assert "--nodes=1 --ntasks-per-node=1 --exclude=node1" in others[0]
    assert "ray start --address=node1:20007 --num-cpus=8" in others[0]
    assert "seqlab compare a b.csv -o study --engine ray:node1:20007" in said


def test_the_kubernetes_job_is_one(tmp_path):
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    job = yaml.safe_load((CLUSTER / "kuberay.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert job["spec"]["entrypoint"].startswith("seqlab compare ")
    cluster = job["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    images = set()
    for group in groups:
        pod = group["template"]["spec"]
        named = {volume["name"] for volume in pod.get("volumes", [])}
        for container in pod["containers"]:
            images.add(container["image"])
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= named
            assert container["resources"]["requests"] == container["resources"]["limits"]
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    assert len(images) == 1
    worker = cluster["workerGroupSpecs"][0]
    assert worker["minReplicas"] == worker["replicas"] == worker["maxReplicas"]
