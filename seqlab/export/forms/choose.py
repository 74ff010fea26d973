"""Which form a fitted task's model has; a task without one is refused by its name."""

from __future__ import annotations

from seqlab.errors import UserError
from seqlab.export.forms.forecasts import ForecastForm
from seqlab.export.forms.form import Form
from seqlab.export.forms.languages import LanguageForm
from seqlab.export.forms.sequences import SequenceForm
from seqlab.export.forms.tags import TagForm
from seqlab.model.base import Model
from seqlab.model.sequence_model import SequenceModel
from seqlab.tasks.base import Task
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.language import Language
from seqlab.tasks.tag import Tag


def form_of(task: Task, model: Model | None) -> Form:
    """The form of a model of this task; without one it only predicts."""
    if isinstance(task, Forecast):
        return ForecastForm(task, model)
    if isinstance(task, Tag):
        return TagForm(task, model)
    if isinstance(task, Language):
        return LanguageForm(task, model)
    if model is None or isinstance(model, SequenceModel):
        return SequenceForm(task, model)
    raise UserError(
        f"models of the task {task.name} cannot be exported yet: they write step by step",
        "seqlab predict and seqlab serve use them as they are",
    )
