"""`torchrun -m seqlab train`: two processes, one of which is killed."""

import os
import signal
import subprocess
import sys
import time

import pytest
from safetensors.numpy import load_file

from seqlab.cli import run
from seqlab.runs import read_json

SETTINGS = [
    *("--params", "3k", "--steps", "300", "--set", "train.checkpoint_seconds=0"),
    *("--set", "train.patience=none", "--set", "model.dropout=0.1"),
]


def torchrun(csv, folder, **settings):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += ["-m", "seqlab", "train", str(csv), *SETTINGS, "-o", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, **settings)


def weights(folder):
    return load_file(folder / "best/weights.safetensors")


def rank(process, number):
    """The process that torchrun started as this rank."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True)
    for pid in listed.stdout.split():
        with open(f"/proc/{int(pid)}/environ", "rb") as file:
            if f"RANK={number}".encode() in file.read().split(b"\0"):
                return int(pid)
    raise AssertionError(f"no rank {number} of {process.pid}")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="ranks are found in /proc")
def test_a_killed_rank_ends_the_job_and_the_same_command_ends_bit_equal(small_csv, tmp_path):
    whole = torchrun(small_csv, tmp_path / "whole")
    assert whole.wait(300) == 0, whole.stderr.read()
    cut = torchrun(small_csv, tmp_path / "cut")
    while not list((tmp_path / "cut").glob("runs/*/*/checkpoints/*/step-*.safetensors")):
        assert cut.poll() is None, cut.stderr.read()
        time.sleep(0.02)
    os.kill(rank(cut, 1), signal.SIGKILL)
    begun = time.monotonic()
    _, said = cut.communicate(timeout=60)
    assert time.monotonic() - begun < 60
    assert cut.returncode != 0
    assert "another process of this training is gone or no longer answers" in said
    assert not (tmp_path / "cut/best").exists()
    again = torchrun(small_csv, tmp_path / "cut")
    assert again.wait(300) == 0, again.stderr.read()
    result = read_json(next((tmp_path / "cut/runs").glob("*/*/result.json")))
    assert result["resumed"], "it went on from the checkpoint"
    found, expected = weights(tmp_path / "cut"), weights(tmp_path / "whole")
    assert all((found[name] == expected[name]).all() for name in expected)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_a_checkpoint_and_says_how_to_continue(number, small_csv, tmp_path):
    folder = tmp_path / "study"
    command = [sys.executable, "-m", "seqlab", "train", str(small_csv), "-o", str(folder)]
    command += ["--params", "3k", "--steps", "1000000", "--set", "train.patience=none"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, **pipes)
    for line in process.stdout:
        if "step" in line:
            break
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "continue with: " in said
    assert list(folder.glob("runs/*/*/checkpoints/*/step-*.safetensors"))


def test_one_process_trains_and_the_model_predicts(small_csv, tmp_path, capsys):
    folder = tmp_path / "one"
    command = ["train", str(small_csv), "--params", "3k", "--epochs", "1", "-o", str(folder)]
    assert run(command) == 0
    assert f"seqlab predict {folder / 'best'}" in capsys.readouterr().out.replace("\n", "")
    assert run(command) == 0, "and is done already"
    assert (
        run(["predict", str(folder / "best"), str(small_csv), "-o", str(tmp_path / "p.csv")]) == 0
    )
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 121


def test_several_candidates_are_refused(small_csv, tmp_path, capsys):
    command = ["train", str(small_csv), "--candidate", "recurrent", "-o", str(tmp_path / "s")]
    assert run(command) == 2
    assert "--candidate: one model is trained" in capsys.readouterr().err
