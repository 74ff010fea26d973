"""Nothing grows: a study's processes hold after 200 trials what they held after 20."""

import json
from pathlib import Path

import pytest

from tests.study.test_study_killed import script

TRIALS = 200
LEVEL = 4.0  # megabytes


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="read from /proc")
def test_two_hundred_trials_take_no_more_than_twenty(tmp_path, capsys):
    lines = script("growing", tmp_path, TRIALS)
    with capsys.disabled():
        print("", *lines, sep="\n")
    first, *_, last = map(json.loads, lines)
    assert (first["trials"], last["trials"]) == (20, TRIALS)
    for process in ("study", "worker"):
        assert last[process]["megabytes"] - first[process]["megabytes"] < LEVEL
        assert last[process]["files"] <= first[process]["files"]
        assert last[process]["threads"] <= first[process]["threads"]
