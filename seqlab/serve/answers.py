"""The answers to rows, one kind of target after the other: their fields, and what fills them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from seqlab.data.examples import Examples
from seqlab.metrics.spans import spans
from seqlab.tasks.base import Predictions, as_array, as_ragged
from seqlab.tasks.inputs.sequences import unread_in
from seqlab.tasks.parts import Target
from seqlab.tasks.targets.classes import Classes
from seqlab.tasks.targets.numbers import Numbers
from seqlab.tasks.targets.spans import Spans
from seqlab.tasks.targets.strings import Strings
from seqlab.tasks.targets.tags import Tags


class Answers(ABC):
    """How the predictions of one kind of target are told. model: of one answer."""

    model: type[BaseModel]

    @abstractmethod
    def of(self, predictions: Predictions, examples: Examples, rows: Sequence[Any]) -> list[Any]:
        """An answer for each row, as plain data."""


class Record(BaseModel, extra="allow"):
    """What is predicted, by the names that `seqlab predict` gives its columns."""


class RecordAnswers(Answers):
    """The columns of `seqlab predict`."""

    model: type[BaseModel] = Record

    def __init__(self, target: Target) -> None:
        self.target = target

    def of(self, predictions: Predictions, examples: Examples, rows: Sequence[Any]) -> list[Any]:
        columns = self.target.present(predictions, examples)
        return [
            {name: plain(values[row]) for name, values in columns.items()}
            for row in range(len(examples))
        ]


class Label(BaseModel):
    """A class, how probable it is, and how probable all are."""

    label: str
    probability: float
    probabilities: dict[str, float]


class Labels(BaseModel):
    """All labels that are at least as probable as not."""

    labels: list[str]
    probabilities: dict[str, float]


class ClassAnswers(Answers):
    """Classes and labels with their probabilities."""

    def __init__(self, target: Classes) -> None:
        self.classes, self.several = list(target.classes), target.multi_label
        self.model = Labels if self.several else Label

    def of(self, predictions: Predictions, examples: Examples, rows: Sequence[Any]) -> list[Any]:
        return [self._told(row) for row in as_array(predictions).tolist()]

    def _told(self, probabilities: list[float]) -> dict[str, Any]:
        each = dict(zip(self.classes, probabilities, strict=True))
        if self.several:
            return {"labels": [n for n, p in each.items() if p >= 0.5], "probabilities": each}
        best = int(np.argmax(probabilities))
        told = {"label": self.classes[best], "probability": probabilities[best]}
        return {**told, "probabilities": each}


class Values(BaseModel):
    """A number for each target."""

    values: dict[str, float]


class NumberAnswers(Answers):
    """Predicted numbers, by the name of their target."""

    model = Values

    def __init__(self, target: Numbers) -> None:
        self.names = target.names

    def of(self, predictions: Predictions, examples: Examples, rows: Sequence[Any]) -> list[Any]:
        return [
            {"values": dict(zip(self.names, row, strict=True))}
            for row in as_array(predictions).tolist()
        ]


class Written(BaseModel):
    """The string that is written for what was read."""

    text: str


class StringAnswers(Answers):
    """Translations and transcripts."""

    model = Written

    def __init__(self, target: Strings) -> None:
        self.target = target

    def of(self, predictions: Predictions, examples: Examples, rows: Sequence[Any]) -> list[Any]:
        return [{"text": text} for text in self.target.texts(predictions)]


class Found(BaseModel):
    """A stretch of the context: its characters from `start` up to `end`."""

    answer: str
    start: int
    end: int
    probability: float


class SpanAnswers(RecordAnswers):
    """The answer to a question, and where it stands."""

    model = Found

    def of(self, predictions: Predictions, examples: Examples, rows: Sequence[Any]) -> list[Any]:
        names = Found.model_fields
        told = super().of(predictions, examples, rows)
        return [{name: one[name] for name in names} for one in told]


class Mark(BaseModel):
    """A marked stretch: tokens from `first` up to `last`; of a text its characters, too."""

    label: str
    first: int
    last: int
    start: int | None = Field(None, description="the first character of a text")
    end: int | None = Field(None, description="the character after the last")
    text: str | None = None


class Tagged(BaseModel):
    """A tag for every token or step, and the stretches that the tags mark."""

    tags: list[str]
    probabilities: list[float]
    tokens: list[str] | None = None
    offsets: list[tuple[int, int]] | None = Field(None, description="characters of each token")
    marks: list[Mark] = []


class TagAnswers(Answers):
    """Tags with the places of what they mark."""

    model = Tagged

    def __init__(self, target: Tags) -> None:
        self.target = target

    def of(self, predictions: Predictions, examples: Examples, rows: Sequence[Any]) -> list[Any]:
        names, ragged = self.target.names(predictions), as_ragged(predictions)
        told: list[dict[str, Any]] = [{"tags": [], "probabilities": []} for _ in rows]
        frame, unread = examples.frame, unread_in(examples.frame)
        # A long sequence is several examples, one after the other.
        for number in np.lexsort((frame["start"], frame["sequence"])):
            one = told[int(frame["sequence"].iloc[number])]
            if not unread[number]:
                one["tags"] += names[number]
                one["probabilities"] += np.asarray(ragged[number])[:, 1].tolist()
        return [self._placed(one, row) for one, row in zip(told, rows, strict=True)]

    def _placed(self, told: dict[str, Any], row: Any) -> dict[str, Any]:
        places = getattr(row, "places", None)
        if hasattr(row, "words"):
            told["tokens"] = row.words
        if places is not None:
            told["offsets"] = places
        if self.target.scheme != "none":
            told["marks"] = [
                _mark(label, first, last, places, row) for label, first, last in spans(told["tags"])
            ]
        return told


def _mark(label: str, first: int, last: int, places: Any, row: Any) -> dict[str, Any]:
    mark: dict[str, Any] = {"label": label, "first": first, "last": last}
    if places is not None:
        start, end = places[first][0], places[last - 1][1]
        mark |= {"start": start, "end": end, "text": row.text[start:end]}
    return mark


def plain(value: Any) -> Any:
    """A value of a table as JSON holds it."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


@singledispatch
def answers_of(target: Target) -> Answers:
    """How a target's predictions are told; one without a form of its own, by its columns."""
    return RecordAnswers(target)


answers_of.register(Classes, ClassAnswers)
answers_of.register(Numbers, NumberAnswers)
answers_of.register(Strings, StringAnswers)
answers_of.register(Spans, SpanAnswers)
answers_of.register(Tags, TagAnswers)
