"""From a contestant and examples to a case: which units, and what is asked of it."""

from __future__ import annotations

from seqlab.data.examples import Examples
from seqlab.errors import UserError, unknown
from seqlab.explain.methods.base import Case
from seqlab.explain.questions.base import Question
from seqlab.explain.subject import Subject
from seqlab.explain.units.base import Units
from seqlab.tasks.base import Predictions
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.regress import Regress
from seqlab.tasks.row_task import RowTask


def case_of(
    subject: Subject,
    examples: Examples,
    background: Examples | None = None,
    *,
    answer: str | None = None,
    seed: int = 0,
) -> Case:
    """A case of some examples.

    background: where removal takes from what stands in a unit's place; None: the examples.
    answer: a class that is asked for instead of the one that is predicted.
    """
    predictions = subject.predict(examples)
    question = question_of(subject, predictions, examples, answer)
    units = units_of(subject, examples, examples if background is None else background)
    return Case(subject, question, units, seed)


def question_of(
    subject: Subject, predictions: Predictions, examples: Examples, answer: str | None = None
) -> Question:
    """What is asked, by the kind of task."""
    task = subject.task
    if answer is not None and not isinstance(task, Classifier):
        raise UserError(
            f'--answer "{answer}": the task {task.name} has no classes',
            "leave --answer out: what is predicted is explained",
        )
    if isinstance(task, Classifier):
        from seqlab.explain.questions.classes import ClassQuestion

        if answer is not None and answer not in task.classes:
            raise unknown("class", answer, task.classes)
        return ClassQuestion.of(task, predictions, answer)
    if isinstance(task, Regress):
        from seqlab.explain.questions.numbers import NumberQuestion

        return NumberQuestion(task)
    raise _not_yet(subject)


def units_of(subject: Subject, examples: Examples, background: Examples) -> Units:
    """The units of some examples, by the kind of input."""
    from seqlab.tasks.inputs.text import Text

    task = subject.task
    if isinstance(task, RowTask) and isinstance(task.reader, Text):
        from seqlab.explain.units.text import TextUnits

        return TextUnits(task, examples, background)
    raise _not_yet(subject)


def _not_yet(subject: Subject) -> UserError:
    return UserError(
        f"{subject.name}: answers of the task {subject.task.name} cannot be explained",
        "accepted: classify, regress, series, images, tag, span, translate, forecast, language",
    )
