"""Work for a cluster: the run of a finished study, to be done again."""

import shutil
from dataclasses import replace

from seqlab.runs import list_runs
from seqlab.study.assignment import Assignment


def again(study, count=1, **train):
    """The trained verdict run of a finished study as a job, under so many other seeds."""
    digest = (study / "prepared/fold0/digest").read_text()
    run = next(r for r in list_runs(study) if r.job.kind == "model" and r.job.role == "verdict")
    settings = run.result["settings"]
    one = Assignment(
        job=run.job,
        task="classify",
        prepared="prepared/fold0",
        data=digest,
        model=settings["model"],
        train={**settings["train"], **train},
    )
    jobs = [replace(one.job, number=one.job.number + 10 * n) for n in range(count)]
    return run.result, [replace(one, job=job) for job in jobs]


def folder_of_work(finished, tmp_path):
    study = shutil.copytree(finished, tmp_path / "study")
    shutil.rmtree(study / "runs")
    return study
