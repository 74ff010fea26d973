"""What having learned nothing reaches is known though no such baseline competes."""

import numpy as np

from seqlab import registry
from seqlab.runs import list_runs
from seqlab.study import conduct as conducting
from seqlab.study.floor import floor_statistics
from tests.study.test_study_folder import study


def conditions_of(monkeypatch, folder, **changes):
    """A finished study, and the conditions under which its verdict was written."""
    seen = []
    write = conducting.write_verdict

    def watched(conditions, *rest):
        seen.append(conditions)
        return write(conditions, *rest)

    monkeypatch.setattr(conducting, "write_verdict", watched)
    return study(folder, **changes), seen[0]


def test_it_is_what_the_baseline_reaches_over_all_folds(tmp_path, in_process, monkeypatch):
    made, conditions = conditions_of(monkeypatch, tmp_path / "with", data={"folds": 2})
    runs = [run for run in list_runs(made.folder_) if run.result["candidate"] == "majority"]
    assert len(runs) == 2
    by_fold = sorted(runs, key=lambda run: run.result["fold"])
    expected = np.concatenate([run.statistics(conditions.metric.name) for run in by_fold])
    np.testing.assert_array_equal(floor_statistics(conditions), expected)


def test_it_need_not_compete(tmp_path, in_process, monkeypatch):
    made, conditions = conditions_of(monkeypatch, tmp_path / "without", baselines=())
    assert set(made.leaderboard_["candidate"]) == {"rnn"}
    found = floor_statistics(conditions)
    assert conditions.metric.value(found) < 0.7  # two classes, nearly as many of each


def test_a_task_may_have_none(tmp_path, in_process, monkeypatch):
    _, conditions = conditions_of(monkeypatch, tmp_path / "study")
    monkeypatch.setattr(registry.load("baselines", "majority"), "floor", False)
    assert floor_statistics(conditions) is None
