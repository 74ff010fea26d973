"""One model trained on a user's data, by one process or by several that torchrun has started.

The first process prepares the data, writes checkpoints and the run; the others train with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from seqlab import kernels
from seqlab.errors import UserError
from seqlab.progress import doing
from seqlab.runs import Run, write_json
from seqlab.study.assignment import Assignment
from seqlab.study.best import write_best
from seqlab.study.clock import Moment
from seqlab.study.folder import claimed
from seqlab.study.halving import train_model
from seqlab.study.job import run_job
from seqlab.study.job_context import JobContext, Supervisor
from seqlab.study.plan import Planner, Tuned
from seqlab.study.planning import asked_for
from seqlab.study.preparation import prepare_study
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Sources
from seqlab.training.ranks import Ranks


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be trained: a study of one candidate, whose folder keeps what is trained."""

    spec: StudySpec
    sources: Sources
    folder: Path


def train_first(
    wanted: Wanted, own: Ranks, supervisor: Supervisor, tell: Callable[[Moment], None]
) -> Run:
    """Train as the first process, or alone; the run, whose model is in `best/`.

    Raises: UserError if training fails; Interrupted when asked to stop, with a checkpoint left.
    """
    with claimed(wanted.folder) as place:
        assignment = _assignment(wanted, place, tell)
        own.told({"study": str(place), "assignment": assignment.plain()}, waiting=True)
        run_job(assignment, place, supervisor)
        run = assignment.finished(place)
        assert run is not None
        if not run.ok:
            raise UserError(
                f"training failed: {run.result['reason']}", "see --set train.… in docs/training.md"
            )
        metric = {"metric": wanted.spec.data.metric, "refit": False}
        facts = {**metric, "digest": assignment.digest}
        write_best(place, run, place / assignment.prepared, assignment.task, facts)
        return run


def train_along(own: Ranks, supervisor: Supervisor) -> None:
    """Train as one of the others: what comes of it, the first process keeps."""
    order: dict[str, Any] = own.told({}, waiting=True)
    assignment, study = Assignment.read(order["assignment"]), Path(order["study"])
    if assignment.settled(study):
        return
    prepared = load_prepared(assignment.task, study / assignment.prepared)
    context = JobContext.of(assignment, study, prepared, supervisor)
    torch.set_num_threads(context.train_spec.threads)
    with kernels.preferring(assignment.backend):
        train_model(context)


def _assignment(wanted: Wanted, place: Path, tell: Callable[[Moment], None]) -> Assignment:
    study = prepare_study(wanted.spec, wanted.sources, place, tell)
    models = [entry for entry in study.entries if entry.model is not None]
    if len(models) != 1 or len(study.folds) != 1:
        names = ", ".join(entry.name for entry in models)
        raise UserError(
            f"--candidate: one model is trained, on one division of the data; given: {names}",
            "accepted: one name, as seqlab mixers lists them, and no --folds",
        )
    write_json(place / "identity.json", study.identity)
    write_json(place / "settings.json", study.spec.plain())
    # Of the length that was asked for, or the task's own.
    allowance = replace(asked_for(study), trials=0, seeds=1, longest=1.0, tune_per_seed=False)
    planner = Planner(study.spec, study.task, study.digests, allowance)
    with doing("planning the training"):
        return planner.verdict(models[0], 0, Tuned())[0]
