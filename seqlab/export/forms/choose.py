"""Which form a fitted task's model has; a task without one is refused by its name."""

from __future__ import annotations

from seqlab.errors import UserError
from seqlab.export.forms.form import Form
from seqlab.export.forms.rows import RowForm
from seqlab.model.base import Model
from seqlab.tasks.base import Task
from seqlab.tasks.classifier import Classifier


def form_of(task: Task, model: Model | None) -> Form:
    """The form of a model of this task; without one it only predicts."""
    if isinstance(task, Classifier):
        return RowForm(task, model)
    raise UserError(
        f"models of the task {task.name} cannot be exported yet",
        "seqlab predict and seqlab serve use them as they are",
    )
