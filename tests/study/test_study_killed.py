"""A study that is killed again and again says in the end what one left alone says."""

import os
import subprocess
import sys

import pytest

KILLS = 50


def script(name, *arguments):
    """A script's lines, from a process of its own."""
    command = [sys.executable, "-m", f"tests.study.{name}", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and process groups")
def test_fifty_kills_change_nothing(tmp_path, capsys):
    """All its processes at once, at random moments, with averages, accumulation, augmentation."""
    lines = script("killing_study", tmp_path, KILLS)
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert int(lines[-1].split()[0]) >= KILLS
    assert int(lines[-1].partition("; ")[2].split()[0]) >= 1
