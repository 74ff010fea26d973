"""Verdict seeds run in rounds: who leaves is stored, and a study that goes on decides the same."""

import pytest

from seqlab.compare import race as rounds
from seqlab.compare.comparison import Standing
from seqlab.compare.race import Round
from seqlab.runs import list_runs, read_json
from tests.study.test_study_folder import study

BUDGET = {"trials": 0, "seeds": 5, "candidates": ("rnn", "gru")}


def seeds_of(made, name):
    runs = [run.job for run in list_runs(made.folder_)]
    return sorted(job.number for job in runs if (job.candidate, job.role) == (name, "verdict"))


@pytest.fixture
def rnn_leaves(monkeypatch):
    """After two seeds, whatever was seen."""
    asked = []

    def after_round(comparison, seeds, most):
        asked.append((seeds, most))
        exits = ()
        if seeds == 2:
            standing = next(s for s in comparison.standings if s.name == "rnn")
            assert isinstance(standing, Standing)
            exits = (rounds.Exit("rnn", standing, comparison.pairs[0]),)
        return Round(seeds, exits, "", {s.name: (s.mean, 0.0, 1.0) for s in comparison.standings})

    monkeypatch.setattr("seqlab.study.race.after_round", after_round)
    return asked


def test_who_left_runs_no_more_and_stays_out(tmp_path, in_process, rnn_leaves):
    made = study(tmp_path / "study", **BUDGET)
    assert seeds_of(made, "rnn") == [0, 1]
    assert seeds_of(made, "gru") == [0, 1, 2, 3, 4]
    assert rnn_leaves == [(2, 5), (3, 5)]
    assert [held["seeds"] for held in made.verdict_["race"]] == [2, 3]
    assert "rnn left after 2 seeds" in made.verdict_["sentence"]
    again = study(made.folder_, **BUDGET)
    assert again.verdict_ == made.verdict_
    assert rnn_leaves == [(2, 5), (3, 5)], "decided once"
    more = study(made.folder_, **BUDGET | {"seeds": 6})
    assert seeds_of(more, "rnn") == [0, 1]
    assert seeds_of(more, "gru") == [0, 1, 2, 3, 4, 5]


def test_a_damaged_record_is_judged_again(tmp_path, in_process, rnn_leaves):
    made = study(tmp_path / "study", **BUDGET)
    (made.folder_ / "race.json").write_text('[{"seeds": "two"}]')
    again = study(made.folder_, **BUDGET)
    assert again.verdict_["race"] == made.verdict_["race"]


def test_a_race_that_is_over_runs_no_more_seeds(tmp_path, in_process, monkeypatch):
    def after_round(comparison, seeds, most):
        return Round(seeds, (), "more seeds would hardly decide" if seeds == 3 else "", {})

    monkeypatch.setattr("seqlab.study.race.after_round", after_round)
    made = study(tmp_path / "study", **BUDGET)
    assert seeds_of(made, "gru") == [0, 1, 2]
    assert not made.verdict_["preview"]
    assert "The race ended after 3 seeds" in made.verdict_["sentence"]
    assert read_json(made.folder_ / "comparison.json")["race_over"]


def test_where_a_limit_is_declared_everybody_runs_all_seeds(tmp_path, in_process, rnn_leaves):
    made = study(tmp_path / "study", **BUDGET, constraints={"max_params": 10**6})
    assert seeds_of(made, "rnn") == [0, 1, 2, 3, 4]
    assert rnn_leaves == []
