"""From a contestant and examples to a case: which units, and what is asked of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from seqlab.data.examples import Examples
from seqlab.errors import UserError, unknown
from seqlab.explain.methods.base import Case, batches_of
from seqlab.explain.questions.base import Question
from seqlab.explain.questions.classes import ClassQuestion
from seqlab.explain.questions.forecast import ForecastQuestion
from seqlab.explain.questions.language import NextTokenQuestion, last_logits
from seqlab.explain.questions.numbers import NumberQuestion
from seqlab.explain.questions.spans import SpanQuestion
from seqlab.explain.questions.tags import TagQuestion
from seqlab.explain.questions.translation import TranslationQuestion
from seqlab.explain.subject import Subject
from seqlab.explain.units.base import Units
from seqlab.explain.units.forecast import ForecastUnits
from seqlab.explain.units.image import ImageUnits
from seqlab.explain.units.question_context import QuestionUnits
from seqlab.explain.units.running_text import RunningTextUnits
from seqlab.explain.units.series import SeriesUnits
from seqlab.explain.units.source_text import SourceUnits
from seqlab.explain.units.text import TextUnits
from seqlab.explain.units.tokens import SentenceUnits
from seqlab.tasks.base import Predictions
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.inputs.image import Image
from seqlab.tasks.inputs.question_context import QuestionContext
from seqlab.tasks.inputs.series import Series
from seqlab.tasks.inputs.source_text import SourceText
from seqlab.tasks.inputs.steps import Steps
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.inputs.tokens import Tokens
from seqlab.tasks.language import Language
from seqlab.tasks.parts import Input
from seqlab.tasks.regress import Regress
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.span import Span
from seqlab.tasks.tag import Tag
from seqlab.tasks.translate import Translate


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
    if answer is not None and not isinstance(subject.task, Classifier):
        raise UserError(
            f'--answer "{answer}": the task {subject.task.name} has no classes',
            "leave --answer out: what is predicted is explained",
        )
    if isinstance(subject.task, Language):
        return _of_language(subject, subject.task, examples, seed)
    predictions = subject.predict(examples)
    question = question_of(subject, predictions, examples, answer)
    units = units_of(subject, examples, examples if background is None else background)
    return Case(subject, question, units, seed)


def question_of(
    subject: Subject, predictions: Predictions, examples: Examples, answer: str | None = None
) -> Question:
    """What is asked, by the kind of task."""
    match subject.task:
        case Classifier() as task:
            if answer is not None and answer not in task.classes:
                raise unknown("class", answer, task.classes)
            return ClassQuestion.of(task, predictions, answer)
        case Regress() as task:
            return NumberQuestion(task)
        case Tag() as task:
            return TagQuestion.of(task, predictions, examples)
        case Span() as task:
            return SpanQuestion.of(task, predictions, examples)
        case Translate() as task:
            return TranslationQuestion.of(task, predictions)
        case Forecast() as task:
            return ForecastQuestion(task)
    raise _unexplained(subject)


UNITS: dict[type[Input], type[Any]] = {
    Text: TextUnits,
    Series: SeriesUnits,
    Steps: SeriesUnits,
    Image: ImageUnits,
    Tokens: SentenceUnits,
    QuestionContext: QuestionUnits,
    SourceText: SourceUnits,
}


def units_of(subject: Subject, examples: Examples, background: Examples) -> Units:
    """The units of some examples, by the kind of input."""
    task = subject.task
    if isinstance(task, Forecast):
        return ForecastUnits(task, examples, background)
    kind = UNITS.get(type(task.reader)) if isinstance(task, RowTask) else None
    if kind is None:
        raise _unexplained(subject)
    made: Units = kind(task, examples, background)
    return made


def _of_language(subject: Subject, task: Language, examples: Examples, seed: int) -> Case:
    """The token that is most probable after each text."""
    texts = texts_of(task, examples)
    units = RunningTextUnits(task, texts)
    chosen = np.zeros(len(texts), dtype=np.int64)
    case = Case(subject, NextTokenQuestion(task, chosen), units, seed)
    if not subject.trained_by_gradient:
        raise UserError(
            f"{subject.name}: counts of n-grams, which know the last few tokens alone",
            "of the task language networks are explained",
        )
    model = subject.network("the next token")
    with torch.inference_mode():
        for batch in batches_of(case, units.examples):
            chosen[batch.rows] = last_logits(model, batch).argmax(dim=-1).cpu().numpy()
    return case


def texts_of(task: Language, examples: Examples) -> list[str]:
    """The text of each example: a whole text, or a block of the stream."""
    if "text" in examples.frame:
        return [str(text) for text in examples.frame["text"]]
    stream = next(iter(examples.shared.values()))
    starts, stops = examples.array("start"), examples.array("stop")
    return [
        task.vocabulary.decode(int(t) for t in stream[a:b])
        for a, b in zip(starts, stops, strict=True)
    ]


def _unexplained(subject: Subject) -> UserError:
    return UserError(
        f"{subject.name}: answers of the task {subject.task.name} cannot be explained",
        "accepted: classify, regress, series, images, tag, span, translate, forecast, language",
    )
