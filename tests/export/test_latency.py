"""Latencies of the winner set: every network in every runtime that it can run in."""

import pandas as pd
import pytest

from seqlab.cli import run
from seqlab.errors import UserError
from seqlab.export import timing
from seqlab.export.timing import in_turn
from seqlab.workbench.latencies import latencies


def test_calls_are_made_in_turn():
    made = []
    found = in_turn({"a": lambda: made.append("a"), "b": lambda: made.append("b")})
    counted = timing.WARM + timing.ROUNDS * timing.BURST
    assert made.count("a") == made.count("b") == counted
    assert "".join(made[2 * timing.WARM :]).startswith(
        "a" * timing.BURST + "b" * timing.BURST + "a"
    )
    assert all(0 <= one.median <= one.p99 for one in found.values())


def test_what_is_no_study_is_refused(tmp_path, capsys):
    assert run(["latency", str(tmp_path)]) != 0
    assert "no verdict.json" in capsys.readouterr().err


def test_a_study_without_its_rows_is_refused(study_folder):
    import shutil

    shutil.rmtree(study_folder / "prepared")
    with pytest.raises(UserError, match="no prepared/"):
        latencies(study_folder)


@pytest.mark.slow
def test_every_runtime_of_every_network_is_measured(finished):
    rows, notes = latencies(finished)
    frame = pd.DataFrame(rows)
    assert sorted(frame["runtime"]) == ["fused", "int8", "onnx", "torch"]
    assert set(frame["name"]) == {"rnn"}
    assert (frame["size_mb"] > 0).all()
    assert not notes
