"""Training a job's model; where memory runs out, again with batches of half the size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from seqlab.errors import out_of_memory
from seqlab.model.base import Model
from seqlab.specs import TrainSpec
from seqlab.study.assignment import digest_of
from seqlab.study.batch_memory import fitting_batch
from seqlab.study.building import model_to_train
from seqlab.study.job_context import JobContext
from seqlab.study.job_reports import ReportingHook
from seqlab.study.objective import TaskObjective
from seqlab.training.checkpoints import Checkpoints
from seqlab.training.choosing import remembered
from seqlab.training.fit import History, fit
from seqlab.training.ranks import ranks
from seqlab.training.trackers import TRACKERS, Tracker


@dataclass(frozen=True)
class Trained:
    """A trained model; how often its batch was halved, accumulating to the same size."""

    model: Model
    history: History
    halvings: int
    tracker_failure: str | None


def train_model(context: JobContext) -> Trained:
    """Train with the batch that was asked for, or with the largest half of it that fits."""
    build = partial(model_to_train, context.prepared.task, context.model_spec)
    # The limit of memory is measured on the examples of this job, not on the whole part.
    prepared = replace(context.prepared, train=context.train)
    settle = remembered(_choices_file(context, context.train_spec))
    spec, batch_choice = fitting_batch(prepared, build, context.train_spec, settle)
    halvings = 0
    while True:
        model = build(spec)
        objective = TaskObjective(context.prepared, context.train, spec)
        checkpoints = _checkpoints(context, spec)
        trackers = _trackers(context)
        hooks = [ReportingHook(context.supervisor, checkpoints), *trackers]
        settle = remembered(_choices_file(context, spec))
        try:
            history = fit(model, objective, spec, hooks, checkpoints, settle)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or spec.batch_size == 1 or ranks().many:
                raise
            checkpoints.clear()  # they continue batches of a size that does not fit
            spec, halvings = _halved(spec), halvings + 1
            context.supervisor.remark(
                f"out of memory: goes on with batches of {spec.batch_size}, "
                f"{spec.accumulate} to a step"
            )
            continue
        history.choices = {**batch_choice, **history.choices}
        failure = next((tracker.failure for tracker in trackers if tracker.failure), None)
        return Trained(model, history, halvings, failure)


def _halved(spec: TrainSpec) -> TrainSpec:
    """Batches of half the size, twice as many to a step: the step stays what it was."""
    return spec.with_(
        batch_size=max(1, spec.batch_size // 2),
        batch_tokens=max(1, spec.batch_tokens // 2),
        accumulate=2 * spec.accumulate,
    )


def _checkpoints(context: JobContext, spec: TrainSpec) -> Checkpoints:
    """A folder for each batch size: a state that was left with one continues with that one."""
    digest = context.assignment.digest
    return Checkpoints(
        context.folder / "checkpoints" / f"{digest}-{spec.batch_size}",
        digest,
        spec.checkpoint_seconds,
        context.supervisor.should_stop,
    )


def _choices_file(context: JobContext, spec: TrainSpec) -> Path:
    """Where the study keeps what was measured for all trainings of this shape."""
    assignment = context.assignment
    # Dropout differs from trial to trial and changes no shape: they share what was measured.
    shape = {name: value for name, value in assignment.model.items() if "dropout" not in name}
    names = ("batch_size", "batch_tokens", "max_memory_mb", "accumulate", "precision", "compile")
    train = {name: getattr(spec, name) for name in (*names, "optimizer", "recompute", "device")}
    content = [shape, train, spec.threads, assignment.data, assignment.job.size]
    return context.study / "choices" / f"{digest_of(content)}.json"


def _trackers(context: JobContext) -> list[Tracker]:
    """The tracker that was asked for, below the study's folder."""
    assignment, name = context.assignment, context.train_spec.tracker
    if name is None:
        return []
    run = assignment.job.folder.replace("/", "-")
    settings = {**assignment.model, **assignment.train}
    return [TRACKERS[name](context.study / "tracking", run, settings)]
