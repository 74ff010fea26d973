"""Trainings that are killed for good – SIGKILL – end with the weights of those left alone."""

import os
import subprocess
import sys

import pytest

from tests.training.streams import MIXERS

KILLS = 100


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_every_mixer_survives_a_hundred_kills(tmp_path, capsys):
    """With carried state, accumulation, averages, augmentation and dropout on."""
    command = [sys.executable, "-m", "tests.training.killing", str(tmp_path), str(KILLS)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    with capsys.disabled():
        print(f"\n{done.stdout}")
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == MIXERS
    kills, mixers = int(last.split()[0]), int(last.split()[3])
    assert kills >= KILLS
    assert mixers == len(MIXERS)
