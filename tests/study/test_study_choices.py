"""A study measures what is left to measurement once, keeps it, and says it with every run."""

import json

from seqlab.runs import list_runs, read_run
from seqlab.study.assignment import Assignment
from seqlab.study.job import run_job
from tests.study.test_study_folder import study


def test_runs_of_one_shape_share_what_was_measured_once(tmp_path, monkeypatch):
    from tests import inprocess

    inprocess.patch(monkeypatch)
    made = study(tmp_path / "study", trials=0)
    run = next(r for r in list_runs(made.folder_) if r.result["kind"] == "model")
    data = (made.folder_ / "prepared/fold0/digest").read_text()
    measured = []

    def choose(model, objective, spec, steps):
        measured.append(steps)
        return {"precision": {"chosen": "bfloat16", "why": "measured", "times_faster": {}}}

    monkeypatch.setattr("seqlab.training.fit.choose", choose)
    for seed in (1, 2):
        settings = run.result["settings"]
        train = settings["train"] | {"precision": "auto", "seed": seed}
        assignment = Assignment(
            job=run.job,
            task="classify",
            prepared="prepared/fold0",
            data=data,
            model=settings["model"],
            train=train,
        )
        run_job(assignment, made.folder_)
        result = read_run(assignment.folder(made.folder_)).result
        assert result["status"] == "ok", result["reason"]
        assert result["choices"]["precision"]["chosen"] == "bfloat16"
    assert len(measured) == 1
    (kept,) = (made.folder_ / "choices").glob("*.json")
    assert json.loads(kept.read_text())["precision"]["why"] == "measured"
