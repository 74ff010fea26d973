"""A row that a server can answer: of the study's test part where that is near, else made up."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.data.examples import Examples, Ragged
from seqlab.outside import DamagedError
from seqlab.serve.answers import plain
from seqlab.serve.forms import ForecastForm, Form, LanguageForm, RowForm
from seqlab.serve.rows import (
    FRAME_NAMES,
    ImageRows,
    Rows,
    SeriesForm,
    StepRows,
    TextRows,
    TokenRows,
)
from seqlab.tasks.base import Task
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting import examples as windowed

LOOKED_AT = 50  # test rows, of which the shortest is shown
TEXT, TOKENS, STEPS = "a line of text", ["a", "few", "words"], 32


def example_for(form: Form, task: Task, folder: Path | None) -> dict[str, Any] | None:
    """A row for `POST /predict`; None where none can be made that is sure to be answered."""
    examples = None if folder is None else _test_part(folder)
    made: dict[str, Any] | None = example_of(form, task, examples)
    return made


def _test_part(folder: Path) -> Examples | None:
    """The prepared test rows of the study that a folder belongs to."""
    for study in (folder, folder.resolve().parent):
        part = study / "prepared" / "fold0" / "test"
        if part.is_dir():
            try:
                return Examples.load(part)
            except (OSError, ValueError, KeyError, DamagedError):
                return None
    return None


@singledispatch
def example_of(form: Form, task: Task, examples: Examples | None) -> dict[str, Any] | None:
    """A row of a form."""
    return None


@example_of.register
def _(form: RowForm, task: Task, examples: Examples | None) -> dict[str, Any] | None:
    if examples is not None and len(examples):
        lengths = form.task.reader.lengths(examples)[:LOOKED_AT]
        examples = examples.take(np.array([int(np.argmin(lengths))]))
    return dict(row_like(form.rows, examples))


@example_of.register
def _(form: ForecastForm, task: Forecast, examples: Examples | None) -> dict[str, Any] | None:
    """A history as long as a forecast reads, where no further inputs are needed."""
    fitted = task.fitted
    layout, steps = fitted.layout, fitted.geometry.lookback
    further = (*layout.covariates, *layout.known, *layout.static)
    times = [*layout.time, *([layout.step] if layout.step else [])]
    if layout.by_row or further or len(times) != 1 or len(layout.series) > 1:
        return None
    if examples is None or not len(examples):
        values, first, name = np.zeros((steps, fitted.channels)), 0, fitted.series[0]
        moments = fitted.frequency.moments(first + np.arange(steps))
    else:
        origin = windowed.origins(examples)[:1] + windowed.starts(examples)[:1]
        values = windowed.past("targets", examples, steps, np.array([0]))[0]
        moments = windowed.grid(examples, fitted).moments(origin + np.arange(-steps, 0))
        name = str(examples.frame["unique_id"].iloc[0])
    written = [_written(moment) for moment in np.asarray(layout.written(moments)).tolist()]
    history = [
        {
            times[0]: written[step],
            **dict.fromkeys(layout.series, name),
            **{c: plain(v) for c, v in zip(layout.targets, values[step].tolist(), strict=True)},
        }
        for step in range(steps)
    ]
    return {"history": history}


@example_of.register
def _(form: LanguageForm, task: Task, examples: Examples | None) -> dict[str, Any] | None:
    return {"text": TEXT}


def _written(moment: Any) -> Any:
    return moment if isinstance(moment, str | int | float) else str(moment)


@singledispatch
def row_like(rows: Rows, examples: Examples | None) -> dict[str, Any]:
    """A row like the first of the examples."""
    raise NotImplementedError(type(rows).__name__)


@row_like.register
def _(rows: TextRows, examples: Examples | None) -> dict[str, Any]:
    def text(role: str) -> str:
        column = FRAME_NAMES.get(role, role)
        known = examples is not None and column in examples.frame
        return str(examples.frame[column].iloc[0]) if known and examples is not None else TEXT

    return {role: text(role) for role in rows.columns}


@row_like.register
def _(rows: TokenRows, examples: Examples | None) -> dict[str, Any]:
    return {"tokens": TOKENS if examples is None else list(examples.frame["tokens"].iloc[0])}


@row_like.register
def _(rows: SeriesForm, examples: Examples | None) -> dict[str, Any]:
    steps = rows.layout.steps or min(rows.layout.longest or STEPS, STEPS)
    return {"series": _steps(examples, "series", (steps, rows.channels))}


@row_like.register
def _(rows: StepRows, examples: Examples | None) -> dict[str, Any]:
    return {"series": _steps(examples, "steps", (STEPS, rows.channels))}


@row_like.register
def _(rows: ImageRows, examples: Examples | None) -> dict[str, Any]:
    image = np.zeros(rows.shape) if examples is None else examples.array("image")[0]
    return {"image": image.tolist()}


def _steps(examples: Examples | None, name: str, shape: tuple[int, int]) -> list[Any]:
    values = np.zeros(shape)
    if examples is not None and isinstance(examples.arrays.get(name), Ragged):
        values = np.asarray(examples.ragged(name)[0], dtype=np.float64)
    steps = [[plain(value) for value in step] for step in values.tolist()]
    return [step[0] for step in steps] if values.shape[1] == 1 else steps
