"""A study that is interrupted – Ctrl-C, kill, power – continues, and leaves no process behind."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from seqlab.cli import run
from tests.reviews import write_reviews
from tests.study.test_study_folder import QUALITY, finished_at

pytestmark = pytest.mark.slow

ARGUMENTS = [
    *("--candidates", "rnn,gru", "--baselines", "majority", "--params", "20k"),
    *("--seeds", "3", "--trials", "2", "--epochs", "40", "--set", "train.patience=none"),
    *("--workers", "2"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv", rows=600)


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted") / "study"
    assert run(["compare", str(data), *ARGUMENTS, "-o", str(folder)]) == 0
    return folder


def start(data, folder):
    command = [sys.executable, "-m", "seqlab", "compare", data, *ARGUMENTS, "-o", folder]
    return subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def workers_of(folder):
    """Processes that work for a study, or measure its costs."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(str(folder).encode() in word for word in words):
            found.append((int(path.parent.name), words))
    return [f for f in found if any(w.startswith(b"seqlab.study") for w in f[1])]


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize(
    ("how", "runs"),  # four trials, then verdict runs
    [(signal.SIGINT, 1), (signal.SIGINT, 5), (signal.SIGTERM, 5), (signal.SIGKILL, 1)],
)
def test_interrupted_study_continues(how, runs, data, uninterrupted, tmp_path):
    folder = tmp_path / "study"
    process = start(data, folder)
    wait_for(lambda: len(finished_at(folder)) >= runs)
    assert workers_of(folder)
    process.send_signal(how)
    _, err = process.communicate(timeout=30)
    if how == signal.SIGKILL:
        assert process.returncode == -how
    else:
        assert process.returncode == 128 + how
        words = shlex.join(map(str, ["compare", data, *ARGUMENTS, "-o", folder]))
        assert err.splitlines() == [
            "error: interrupted; finished runs are kept",
            f"hint: continue with: {Path(sys.executable).name} -m seqlab {words}",
        ]
    wait_for(lambda: not workers_of(folder), seconds=5)
    before = finished_at(folder)
    assert runs <= len(before) < len(finished_at(uninterrupted))
    assert not (folder / "verdict.json").exists()
    assert run(["compare", str(data), *ARGUMENTS, "-o", str(folder)]) == 0
    after = finished_at(folder)
    assert {name: after[name] for name in before} == before, "something was done again"
    boards = [pd.read_csv(path / "leaderboard.csv")[QUALITY] for path in (folder, uninterrupted)]
    pd.testing.assert_frame_equal(*boards)


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up in /proc")
def test_killed_while_costs_are_measured(data, uninterrupted, tmp_path):
    """Everything is trained; only costs and verdict are missing."""
    folder = tmp_path / "study"
    process = start(data, folder)
    measuring = b"seqlab.study.contestant_costs"
    wait_for(lambda: any(measuring in words for _, words in workers_of(folder)), seconds=120)
    process.kill()
    process.communicate()
    wait_for(lambda: not workers_of(folder), seconds=5)
    before = finished_at(folder)
    assert len(before) == len(finished_at(uninterrupted))
    assert run(["compare", str(data), *ARGUMENTS, "-o", str(folder)]) == 0
    assert finished_at(folder) == before
    assert (folder / "report.html").exists()


def test_two_commands_at_once(data, tmp_path):
    """The second is refused and disturbs nothing."""
    folder = tmp_path / "study"
    process = start(data, folder)
    wait_for(lambda: (folder / "identity.json").exists())
    second = start(data, folder)
    _, err = second.communicate(timeout=60)
    assert second.returncode == 2
    assert err.splitlines()[0] == f"error: -o {folder}: another process is working on this study"
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def test_workers_log_is_empty_after_a_quiet_study(uninterrupted):
    assert (uninterrupted / "workers.log").read_text() == ""
    assert not [name for name in os.listdir(uninterrupted) if name.endswith(str(os.getpid()))]
