"""Who was still improving, and what more training would bring, from a study's own runs."""

import json

import pytest

from seqlab.compare.decision import Rules
from seqlab.compare.need import Need
from seqlab.runs import list_runs
from seqlab.study import conduct as conducting
from seqlab.study import verdict as verdicts
from seqlab.study.contest import contest_of
from seqlab.study.training_cut import told, with_more_training
from tests.study.test_study_folder import study


@pytest.fixture
def finished_study(tmp_path, in_process, monkeypatch):
    """The study's folder, its conditions and its finished runs."""
    seen = []
    write = conducting.write_verdict

    def watched(conditions, finished, *rest):
        seen.append((conditions, finished))
        return write(conditions, finished, *rest)

    monkeypatch.setattr(conducting, "write_verdict", watched)
    made = study(tmp_path / "study", trials=3, seeds=2)
    return made.folder_, *seen[0]


def settle(folder, role, number, **changed):
    path = folder / f"runs/rnn/{role}-{number}/result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def test_more_training_is_estimated_from_the_short_and_the_full_trial(finished_study):
    folder, conditions, finished = finished_study
    trial = next(run for run in list_runs(folder) if run.job.role == "trial")
    settle(folder, "short", trial.job.number, valid=0.60, epochs=2.0)
    settle(folder, "trial", trial.job.number, valid=0.70, epochs=8.0)
    comparison = contest_of(conditions, finished).compared(Rules())
    (one,) = with_more_training(conditions, finished, comparison, ["rnn"])
    mean = next(s.mean for s in comparison.standings if s.name == "rnn")
    assert one.low <= mean + 0.05 <= mean + 0.10 <= one.high
    assert told([one], comparison)[0].startswith("4 times as much training: an estimated 0.")


def test_without_a_short_trial_there_is_nothing_to_tell(finished_study):
    folder, conditions, finished = finished_study
    trial = next(run for run in list_runs(folder) if run.job.role == "trial")
    settle(folder, "short", trial.job.number, status="failed")
    comparison = contest_of(conditions, finished).compared(Rules())
    assert with_more_training(conditions, finished, comparison, ["rnn"]) == []


def test_what_more_seeds_would_decide_is_told_with_the_time_that_they_take(
    finished_study, monkeypatch
):
    _, conditions, finished = finished_study
    comparison = contest_of(conditions, finished).compared(Rules())
    need = Need("rnn", "majority", 0.01, (62, 80), None, "rnn: about 62 to 80 seeds each")
    monkeypatch.setattr(verdicts, "needs", lambda comparison: [need])
    for runs in finished["rnn", None]:
        runs[0].result["wall_seconds"] = 12.0
    (told_with_time,) = verdicts._needed(comparison, finished, workers=2)
    assert told_with_time == (
        "rnn: about 62 to 80 seeds each; so many seeds of these two take about 6 minutes more "
        "here: the same command with --seeds 62 --time none"
    )
