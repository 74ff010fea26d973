"""Costs are measured once, latencies of all contestants in the same rounds."""

import json

import pytest

from seqlab.errors import UserError
from seqlab.study import measuring
from tests.study.test_study_folder import study


def costs(made):
    return json.loads((made.folder_ / "costs.json").read_text())


@pytest.fixture
def asked(in_process, monkeypatch):
    """The contestants whose latencies are asked for, a list a process."""
    seen = []
    measure = measuring.measure_latencies

    def watched(folder, runs, *rest):
        seen.append([run.parent.name for run in runs])
        return measure(folder, runs, *rest)

    monkeypatch.setattr(measuring, "measure_latencies", watched)
    return seen


def test_latencies_are_measured_together_and_kept(tmp_path, asked):
    made = study(tmp_path / "study")
    assert asked == [["rnn", "majority"]]
    board = made.leaderboard_.set_index("candidate")
    assert (board["latency_ms_low"] <= board["latency_ms_p50"]).all()
    assert (board["latency_ms_p50"] <= board["latency_ms_high"]).all()
    assert len({one["rounds"] for one in costs(made).values()}) == 1
    study(tmp_path / "study")
    assert len(asked) == 1
    study(tmp_path / "study", baselines=())
    assert len(asked) == 1, "what is left was measured in the same rounds"


def test_another_contestant_is_measured_with_all(tmp_path, asked):
    before = costs(study(tmp_path / "study"))
    after = costs(study(tmp_path / "study", candidates=("rnn", "gru")))
    assert asked[1:] == [["rnn", "gru", "majority"]]
    assert after["rnn"]["train_seconds"] == before["rnn"]["train_seconds"], "measured alone, once"
    assert len({one["rounds"] for one in after.values()}) == 1


def test_costs_of_before_are_completed(tmp_path, asked):
    made = study(tmp_path / "study")
    known = costs(made)
    old = {
        name: {k: v for k, v in one.items() if k not in ("rounds", "latency_ms_low", "size_mb")}
        for name, one in known.items()
    }
    (made.folder_ / "costs.json").write_text(json.dumps(old))
    again = costs(study(tmp_path / "study"))
    assert again["rnn"]["size_mb"] == known["rnn"]["size_mb"]
    assert again["rnn"]["peak_memory_mb"] == known["rnn"]["peak_memory_mb"]
    assert set(again["rnn"]) == set(known["rnn"])


def test_one_that_ends_the_process_leaves_the_others_their_latencies(tmp_path, asked, monkeypatch):
    measure = measuring.measure_latencies

    def ending(folder, runs, *rest):
        if any(run.parent.name == "rnn" for run in runs):
            raise UserError("rnn: its latency could not be measured: it ended")
        return measure(folder, runs, *rest)

    monkeypatch.setattr(measuring, "measure_latencies", ending)
    made = study(tmp_path / "study")
    assert "latency_ms_p50" in costs(made)["majority"]
    assert "latency_ms_p50" not in costs(made)["rnn"]
    assert costs(made)["rnn"]["peak_memory_mb"] > 0
    board = made.leaderboard_.set_index("candidate")
    assert board["latency_ms_p50"].isna().to_dict() == {"rnn": True, "majority": False}
    assert made.verdict_["left_out"] == ["rnn: its latency could not be measured: it ended"]
