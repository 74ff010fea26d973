"""What the training doctor found stands in the report, by contestant and by how many runs."""

import pytest

from seqlab.report.doctor import ailments
from seqlab.report.stored import read_study
from seqlab.runs import list_runs, read_json, write_json
from tests.report.reading import read_report


def runs_of(study, name, role="verdict"):
    return [
        run
        for run in list_runs(study)
        if (run.job.candidate, run.job.role, run.job.size) == (name, role, None)
    ]


def overfit(run):
    records = [
        {"step": 10 * n, "train_loss": loss, "valid": valid, "gradient_norm": 1.0}
        for n, (loss, valid) in enumerate(
            zip([1, 0.6, 0.4, 0.2, 0.1, 0.05], [0.6, 0.8, 0.78, 0.76, 0.74, 0.72], strict=True)
        )
    ]
    write_json(run.folder / "history.json", records)


def change(run, **facts):
    path = run.folder / "result.json"
    write_json(path, {**read_json(path), **facts})


def found(study, name):
    return {
        one.symptom.what: one for one in ailments(read_study(study)) if one.contestant.name == name
    }


@pytest.mark.parametrize(("sick", "told"), [(3, False), (4, True), (8, True)])
def test_what_half_of_the_runs_show_is_told(sick, told, study):
    for run in runs_of(study, "gru"):
        change(run, rollbacks=[])
    for run in runs_of(study, "gru")[:sick]:
        overfit(run)
    seen = found(study, "gru")
    assert ("overfitting" in seen) == told
    if told:
        assert seen["overfitting"].runs == f"{sick} of 8"


def test_one_run_that_diverged_is_told(study):
    run = runs_of(study, "lstm")[0]
    change(run, status="failed", diverged=True, reason="the loss is not finite at step 8; try")
    seen = found(study, "lstm")["divergence"]
    assert (seen.runs, seen.symptom.evidence) == ("1 of 8", "the loss is not finite at step 8")


def test_a_best_rate_at_the_edge_of_the_trials_is_told(study):
    for number, run in enumerate(runs_of(study, "rnn", "trial")):
        change(run, learning_rate=1e-3 * (number + 1), valid=0.5 + number / 100)
    seen = found(study, "rnn")["learning rate at the grid's edge"]
    assert seen.runs == "5 trials"
    assert "the highest tried" in seen.symptom.evidence


def test_the_page_shows_it(study):
    for run in runs_of(study, "gru"):
        overfit(run)
    rows = [row for row in read_report(study).table("contestant") if row[1] == "overfitting"]
    (row,) = rows
    assert row[0] == "gru"
    assert row[2] == "8 of 8"
    assert "the validation score went from 0.8 to 0.72" in row[3]
    assert "more dropout" in row[4]


def test_where_all_is_well_nothing_is_said(study):
    for run in list_runs(study):
        (run.folder / "history.json").unlink(missing_ok=True)
    for name in ("rnn", "lstm", "gru", "transformer"):
        for number, run in enumerate(runs_of(study, name, "trial")):
            change(run, learning_rate=1e-3 * (number + 1), valid=0.8 - abs(number - 2) / 100)
    assert ailments(read_study(study)) == []
    assert "Training problems" not in read_report(study).text
