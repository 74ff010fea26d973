"""The recommended contestant into `best/`: its median seed, or trained again on all the data."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from seqlab.data.examples import Examples
from seqlab.runs import Job, Run
from seqlab.study.assignment import Assignment
from seqlab.study.best import write_best
from seqlab.study.prepared_folder import save_prepared
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions, Finished, best_run, median_run
from seqlab.tasks.base import Prepared


def keep_best(
    conditions: Conditions,
    spec: StudySpec,
    finished: Finished,
    verdict: dict[str, Any],
    prepared: Sequence[Prepared],
) -> Path | None:
    """Write `best/`; there is none where no contestant is recommended.

    A contestant that cannot be trained again on all the data is kept as it is, and `best.json`
    says why.
    """
    name = verdict["recommended"]
    seeds = [] if name is None else finished.get((name, None), [])
    # Where only the best of several runs is kept, it is kept here, too.
    run = (best_run if verdict["restarts"] > 1 else median_run)(seeds, conditions.metric)
    if name is None or run is None:
        shutil.rmtree(conditions.folder / "best", ignore_errors=True)
        return None
    facts: dict[str, Any] = {"metric": verdict["metric"], "refit": spec.refit}
    if spec.refit:
        again = _refit(conditions, finished[name, None], run, prepared[0])
        if again.ok:
            run = Run(again.folder, {**again.result, "test": run.result.get("test", {})})
        else:
            facts |= {"refit": False, "refit_failed": again.result["reason"]}
    facts["digest"] = run.result["digest"]
    task = conditions.planner.task.name
    return write_best(conditions.folder, run, conditions.folder / "prepared/fold0", task, facts)


def _refit(
    conditions: Conditions, seeds: Sequence[Sequence[Run]], run: Run, prepared: Prepared
) -> Run:
    """The same settings on training, validation and test rows together.

    There is nothing left to stop early by, so it trains for the median of the steps that were
    best, in proportion to the rows.
    """
    everything = Examples.joined([prepared.train, prepared.valid, prepared.test])
    folder = conditions.folder / "prepared" / "all"
    data = conditions.planner.data[0] + "-all"
    save_prepared(replace(prepared, train=everything), folder, data)
    result, train = run.result, dict(run.result["settings"]["train"])
    if result["kind"] == "model":
        best = statistics.median(runs[0].result["best_step"] for runs in seeds if runs[0].ok)
        steps = max(1, round(best * len(everything) / len(prepared.train)))
        train |= {"steps": steps, "evaluations": 1, "patience": None}
    assignment = Assignment(
        job=Job(result["candidate"], result["kind"], "refit", 0),
        task=conditions.planner.task.name,
        prepared="prepared/all",
        data=data,
        model=result["settings"]["model"],
        train=train,
        backend=conditions.planner.spec.backend,
    )
    conditions.pool.execute([assignment])
    again = assignment.finished(conditions.folder)
    assert again is not None
    return again
