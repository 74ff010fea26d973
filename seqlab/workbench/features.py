"""What can be watched of examples and of their predictions: numbers or names, one an example."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.data.tokens import UNKNOWN
from seqlab.tasks.base import Predictions, Task, as_array, as_ragged
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting import examples as windowed
from seqlab.tasks.inputs.values import ValueInput
from seqlab.tasks.language import Language
from seqlab.tasks.language_modelling.scoring import unknown_of
from seqlab.tasks.parts import PROBLEM, Input, Target
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.classes import Classes
from seqlab.tasks.targets.numbers import Numbers
from seqlab.tasks.targets.spans import Spans
from seqlab.tasks.targets.strings import Strings
from seqlab.tasks.targets.tags import Tags

TEXTS = ("text", "text2", "context", "question", "source")  # columns of examples


class Feature(NamedTuple):
    """Values (n,): numbers, or names where they are texts.

    score: how sure the model is. held_out: that what was trained on is no measure of it.
    """

    name: str
    unit: str
    values: NDArray[Any]
    score: bool = False
    held_out: bool = False


def watched(task: Task, examples: Examples) -> Examples:
    """The examples that can be watched: those that can be read, one of each that overlap."""
    kept = np.ones(len(examples), dtype=bool)
    if PROBLEM in examples.frame:
        kept &= (examples.frame[PROBLEM] == "").to_numpy()
    if examples.blocks is not None:  # what moves together is no evidence twice
        first = np.zeros(len(examples), dtype=bool)
        first[np.unique(examples.blocks, return_index=True)[1]] = True
        kept &= first
    return examples if kept.all() else examples.take(np.flatnonzero(kept))


@singledispatch
def of_examples(task: Task, examples: Examples) -> Iterator[Feature]:
    """Of what is read."""
    yield from ()


@singledispatch
def of_predictions(task: Task, predictions: Predictions, examples: Examples) -> Iterator[Feature]:
    """Of what is predicted."""
    yield from ()


@of_examples.register
def _(task: RowTask, examples: Examples) -> Iterator[Feature]:
    texts = [name for name in TEXTS if name in examples.frame]
    if texts:  # as it came: what models read of it may be cut
        characters = sum(examples.frame[name].str.len().to_numpy(np.float64) for name in texts)
        yield Feature("length", "characters", np.asarray(characters))
    else:
        lengths, unit = task.reader.lengths_shown(examples)
        yield Feature("length", unit, lengths.astype(np.float64))
    yield from _of_reader(task.reader, examples)


@of_predictions.register
def _(task: RowTask, predictions: Predictions, examples: Examples) -> Iterator[Feature]:
    yield from _of_target(task.target, predictions)


def _of_reader(reader: Input, examples: Examples) -> Iterator[Feature]:
    if isinstance(reader, ValueInput):
        values = reader.vectors(examples)
        yield Feature("level", "standard units", np.array([v.mean() for v in values], np.float64))
        yield Feature("spread", "standard units", np.array([v.std() for v in values], np.float64))
    elif reader.inputs.kind == "tokens":
        tokens = examples.ragged(reader.reads)
        shares = [float((_ids(tokens[row]) == UNKNOWN).mean()) for row in range(len(tokens))]
        yield Feature("unknown tokens", "share of an example", np.array(shares), held_out=True)


def _ids(tokens: NDArray[Any]) -> NDArray[Any]:
    """Words with their spelling are rows, whose first number is the word's."""
    return tokens if tokens.ndim == 1 else tokens[:, 0]


@singledispatch
def _of_target(target: Target, predictions: Predictions) -> Iterator[Feature]:
    yield from ()


@_of_target.register
def _(target: Classes, predictions: Predictions) -> Iterator[Feature]:
    probabilities = as_array(predictions)
    names = np.asarray(target.classes, dtype=object)
    if target.multi_label:
        yield Feature("labels", "of an example", (probabilities >= 0.5).sum(1).astype(float))
    else:
        yield Feature("predicted class", "share", names[probabilities.argmax(axis=1)])
    yield Feature("probability", "of the most probable", probabilities.max(axis=1), score=True)


@_of_target.register
def _(target: Numbers, predictions: Predictions) -> Iterator[Feature]:
    predicted = as_array(predictions)
    for k, name in enumerate(target.names):
        yield Feature(f"predicted {name}", "own units", predicted[:, k])


@_of_target.register
def _(target: Tags, predictions: Predictions) -> Iterator[Feature]:
    outside, ragged = target.scheme != "none", as_ragged(predictions)
    parts = [np.asarray(ragged[row]) for row in range(len(ragged))]
    if outside:
        numbers = {i for i, name in enumerate(target.classes) if name == "O"}
        marked = [float(np.mean([int(n) not in numbers for n in p[:, 0]])) for p in parts]
        yield Feature("marked", "share of an example", np.array(marked))
    sure = np.array([float(part[:, 1].mean()) for part in parts])
    yield Feature("probability", "mean of an example's tags", sure, score=True)


@_of_target.register
def _(target: Strings, predictions: Predictions) -> Iterator[Feature]:
    yield Feature("written", "tokens", as_ragged(predictions).lengths.astype(np.float64))


@_of_target.register
def _(target: Spans, predictions: Predictions) -> Iterator[Feature]:
    yield Feature("probability", "of the answer", as_array(predictions)[:, 2], score=True)


@of_examples.register
def _(task: Forecast, examples: Examples) -> Iterator[Feature]:
    past = windowed.past("inputs", examples, task.fitted.geometry.lookback)
    yield Feature("level", "standard units", past.mean(axis=(1, 2), dtype=np.float64))
    yield Feature("spread", "standard units", past.std(axis=(1, 2), dtype=np.float64))


@of_examples.register
def _(task: Language, examples: Examples) -> Iterator[Feature]:
    lengths = np.maximum(examples.array("stop") - examples.array("start"), 1)
    unknown = np.asarray(unknown_of(examples), dtype=np.float64) / lengths
    yield Feature("unknown tokens", "share of a block", unknown, held_out=True)


@of_predictions.register
def _(task: Language, predictions: Predictions, examples: Examples) -> Iterator[Feature]:
    ragged = as_ragged(predictions)
    bits = [float(np.mean(np.asarray(ragged[row], dtype=np.float64))) for row in range(len(ragged))]
    yield Feature("surprise", "nats a token", np.array(bits), score=True)
