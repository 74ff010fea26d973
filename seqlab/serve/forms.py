"""How each kind of task is asked and answers: rows in, an answer for each out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from pydantic import BaseModel, Field, create_model

from seqlab.data.examples import Examples
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.serve.answers import Record, answers_of, plain
from seqlab.serve.rows import CHARACTERS_A_POSITION, ORIGIN, Number, Row, rows_of
from seqlab.tasks.base import Predictions, Task
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.language import Language
from seqlab.tasks.parts import PROBLEM
from seqlab.tasks.row_task import RowTask

Raw = Callable[[Examples], Predictions]


class Form(ABC):
    """What a row and an answer are.

    row, answer: pydantic models. together: whether rows of several requests can be one batch.
    """

    row: type[BaseModel]
    answer: type[BaseModel]
    together: bool = True

    @abstractmethod
    def length(self, row: Any) -> int:
        """Positions that a row has, about."""

    def check(self, row: Any) -> None:  # noqa: B027 – most kinds say all by their fields
        """A UserError where a row cannot be read, beyond what its fields say."""

    @abstractmethod
    def compute(self, predict: Raw, rows: Sequence[Any]) -> list[Any]:
        """Answers as plain data, or a UserError in the place of one that there is none for."""


class RowForm(Form):
    """Of a task whose examples are rows: its input's fields, its target's answers."""

    def __init__(self, task: RowTask) -> None:
        self.task, self.rows, self.answers = task, rows_of(task.reader), answers_of(task.target)
        self.row, self.answer = self.rows.model(), self.answers.model

    def length(self, row: Any) -> int:
        return self.rows.length(row)

    def check(self, row: Any) -> None:
        self.rows.check(row)

    def compute(self, predict: Raw, rows: Sequence[Any]) -> list[Any]:
        examples = self.rows.examples(self.task, rows)
        answers = self.answers.of(predict(examples), examples, rows)
        if PROBLEM in examples.frame:
            frame = examples.frame
            numbers = frame["sequence"] if len(frame) != len(rows) else range(len(rows))
            for number, problem in zip(numbers, frame[PROBLEM], strict=True):
                if problem:
                    answers[number] = UserError(problem)
        return answers


class TableForm(Form):
    """Of a task that reads a whole table to answer it: each row of a request is one."""

    together = False

    def __init__(self, task: Task) -> None:
        self.task = task

    @abstractmethod
    def table(self, row: Any) -> pd.DataFrame:
        """The table that a row holds."""

    @abstractmethod
    def told(self, shown: pd.DataFrame) -> Any:
        """The answer that a table of predictions makes."""

    def compute(self, predict: Raw, rows: Sequence[Any]) -> list[Any]:
        return [self._one(predict, row) for row in rows]

    def _one(self, predict: Raw, row: Any) -> Any:
        try:
            examples = self.task.encode(Table(self.table(row), ORIGIN))
            if not len(examples):
                return UserError("nothing to predict")
            return self.told(self.task.present(predict(examples), examples))
        except UserError as error:
            return error


class Forecasted(BaseModel):
    """A record for each date that is forecast."""

    forecast: list[Record]


class ForecastForm(TableForm):
    """The history of one or more series, a record a moment; the forecast that follows on it."""

    answer = Forecasted

    def __init__(self, task: Forecast) -> None:
        super().__init__(task)
        layout = task.fitted.layout
        kinds = _columns(task)
        self.columns, self.targets = list(kinds), list(layout.targets)
        record: Any = dict[str, str | Number | None]
        if not layout.by_row:
            record = create_model("Moment", __base__=Row, **_fields(kinds))
        told = "the past of one or more series, with the columns of the training data"
        history = (list[record], Field(min_length=1, description=told))
        self.row = create_model("History", __base__=Row, history=history)

    def length(self, row: Any) -> int:
        return len(row.history)

    def table(self, row: Any) -> pd.DataFrame:
        records = [
            one if isinstance(one, dict) else one.model_dump(by_alias=True) for one in row.history
        ]
        return pd.DataFrame(records)

    def told(self, shown: pd.DataFrame) -> Any:
        return {"forecast": records_of(shown)}


class LanguageForm(TableForm):
    """A text; how many bits a model needs for it."""

    row = create_model("Row", __base__=Row, text=(str, Field(min_length=1)))
    answer = Record

    def __init__(self, task: Language) -> None:
        super().__init__(task)
        self.column = task.columns.get("text", "text")

    def length(self, row: Any) -> int:
        return 1 + len(row.text) // CHARACTERS_A_POSITION

    def table(self, row: Any) -> pd.DataFrame:
        return pd.DataFrame({self.column: [row.text]}, dtype=object)

    def told(self, shown: pd.DataFrame) -> Any:
        total = records_of(shown)[-1]
        return {k: v for k, v in total.items() if k not in ("document", "from_character")}


def form_of(task: Task) -> Form:
    """How a fitted task is asked."""
    for kind, form in ((RowTask, RowForm), (Forecast, ForecastForm), (Language, LanguageForm)):
        if isinstance(task, kind):
            made: Form = form(task)  # type: ignore[arg-type]
            return made
    raise UserError(f'the task "{task.name}" has no form that a server could ask it in')


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows as plain data; moments as they are written."""
    columns = {
        str(name): [v.isoformat() if hasattr(v, "isoformat") else plain(v) for v in frame[name]]
        for name in frame
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _columns(task: Forecast) -> dict[str, Any]:
    """The columns that a moment of a history has, and what they hold."""
    layout = task.fitted.layout
    moment = [*layout.time, *([layout.step] if layout.step else [])]
    words = {name for name, _ in layout.categories}
    numbers = (*layout.targets, *layout.covariates, *layout.known, *layout.static)
    kinds: dict[str, Any] = dict.fromkeys((*moment, *layout.series), str | Number)
    return kinds | {name: (str if name in words else Number) | None for name in numbers}


def _fields(kinds: dict[str, Any]) -> dict[str, Any]:
    """Fields for pydantic; the names of columns may be none in Python."""
    return {
        f"column_{number}": (kind, Field(alias=name))
        for number, (name, kind) in enumerate(kinds.items())
    }
