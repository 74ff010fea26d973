"""What a job is done with: its assignment, its data, its place, and who watches over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqlab.data.examples import Examples
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.assignment import Assignment
from seqlab.study.reading import as_read
from seqlab.tasks.base import Prepared

# Told the share of the job that is done, 0…1, and the TrainingFigures of it as plain data.
Report = Callable[[float, dict[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class Supervisor:
    """Whom a job tells how far it is, who may ask it to stop, and who hears what went wrong."""

    report: Report = lambda share, figures: None
    should_stop: Callable[[], bool] = lambda: False
    remark: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """An assignment with all that is needed to do it.

    study  the study's folder
    train  the examples that this job trains on: the training part, or the first of its rows
    """

    assignment: Assignment
    study: Path
    prepared: Prepared
    train: Examples
    supervisor: Supervisor

    @classmethod
    def of(
        cls, assignment: Assignment, study: Path, prepared: Prepared, supervisor: Supervisor
    ) -> JobContext:
        """The context of a job on as many training examples as its assignment says."""
        if assignment.job.kind == "model":
            prepared = as_read(prepared, ModelSpec.read(assignment.model))
        train, size = prepared.train, assignment.job.size
        if size is not None and size < len(train):
            train = prepared.task.subset(train, size, seed=0)  # one seed: subsets are nested
        return cls(
            assignment=assignment,
            study=study,
            prepared=prepared,
            train=train,
            supervisor=supervisor,
        )

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.assignment.folder(self.study)

    @property
    def model_spec(self) -> ModelSpec:
        """The model's settings, checked."""
        return ModelSpec.read(self.assignment.model)

    @property
    def train_spec(self) -> TrainSpec:
        """The training's settings, checked."""
        return TrainSpec.read(self.assignment.train)
