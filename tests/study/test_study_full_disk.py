"""A full disk, wherever a study writes: it stops with a line, and loses nothing finished."""

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from seqlab.cli import run
from tests.reviews import write_reviews
from tests.study.filling import ARGUMENTS
from tests.study.test_study_folder import QUALITY


def mounts():
    """Whether this user may mount a file system of its own."""
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return shutil.which("unshare") and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not mounts(), reason="may not mount a small file system")
def test_a_full_disk_stops_a_study_and_loses_nothing(tmp_path, capsys):
    """From no room for its data to no room for its report, each time with a little more."""
    command = ["unshare", "-rm", sys.executable, "-m", "tests.study.filling", str(tmp_path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    *stops, (_, status, _, _, left) = map(json.loads, done.stdout.splitlines())
    before, where = {}, []
    for _, stopped, said, runs, half in stops:
        errors = [line for line in said if line.startswith("error: ")]
        (error,) = errors
        assert stopped in (1, 2)
        assert "the disk is full" in error
        assert said[-1].endswith("run the same command again: finished runs are kept")
        assert {name: runs[name] for name in before} == before, "something was done again"
        assert half == [], "half a checkpoint takes the room of what is whole"
        before = runs
        where.append(error.partition(str(tmp_path / "disk" / "study"))[2].partition(":")[0])
    with capsys.disabled():
        print(f"\n{len(stops)} full disks, at {', '.join(dict.fromkeys(where))}")
    assert {"", "/report.html"} < set(where)
    assert any(place.startswith("/runs/") for place in where)
    assert (status, left) == (0, [])
    data = write_reviews(tmp_path / "again.csv", rows=160)
    assert run(["compare", str(data), *ARGUMENTS, "-o", str(tmp_path / "alone")]) == 0
    boards = [
        pd.read_csv(tmp_path / name / "leaderboard.csv")[QUALITY] for name in ("done", "alone")
    ]
    pd.testing.assert_frame_equal(*boards)
