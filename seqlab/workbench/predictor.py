"""The winner in use: load a `best/` folder and predict."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from seqlab import registry
from seqlab.baselines.storage import DAMAGE
from seqlab.data.columns import named
from seqlab.data.examples import Examples
from seqlab.data.frames import indexed_like
from seqlab.data.pieces import in_pieces
from seqlab.data.running_text import in_stretches
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.progress import doing
from seqlab.runs import read_json
from seqlab.specs import ModelSpec
from seqlab.tasks.base import Predictions, Task
from seqlab.tasks.parts import COLUMN_JOIN
from seqlab.versions import FORMAT, check_format, format_of, older
from seqlab.workbench.gathering import Columns, columns_of

if TYPE_CHECKING:
    from seqlab.workbench.evaluating import Evaluation

T = TypeVar("T")
CARD = ("task", "candidate", "kind", "model")  # what best.json must say
REBUILD = "copy the whole best/ folder again, or run the study's command again to rebuild it"


class Predictor:
    """A fitted task with its model or baseline, the contestant.

    card: what best.json says: candidate, settings, scores.
    """

    def __init__(
        self,
        task: Task,
        predict: Callable[[Examples], Predictions],
        card: dict[str, Any],
        contestant: Any = None,
    ) -> None:
        self.task, self.card, self.contestant = task, card, contestant
        self._predict = predict

    def _repr_html_(self) -> str:
        """What notebooks show: who it is, and the columns that it reads."""
        from seqlab.report.notebook import table_html

        rows = [("task", self.card["task"]), ("contestant", self.card["candidate"])]
        rows += [(f"column for {role}", column) for role, column in self.task.columns.items()]
        return str(table_html(("predictor", ""), rows))

    def predict(self, data: Any, columns: Columns = None, **reading: Any) -> pd.DataFrame:
        """Predictions as a table: a row per example, or per forecast date.

        `data` is a file, a frame or a Table; `columns` names its columns, or says which plays
        which role; `reading` is delimiter and encoding, as for `read_table`.
        """
        names, roles = columns_of(columns, self.task.columns)
        reading = {**reading, "columns": names, "known": self.known_names()}
        table = data if isinstance(data, Table) else read_table(data, **reading)
        shown, examples = self._present(self._as_fitted(table, roles))
        if isinstance(data, pd.DataFrame) and "ds" in shown:  # forecasts
            return indexed_like(shown, data.index)
        each = self.task.row_by_row or (examples == len(shown) and not self.task.running_text)
        if isinstance(data, pd.DataFrame) and len(shown) == len(data) and each:
            shown.index = data.index  # a row for each of the caller's, who knows them by it
        return shown

    def predict_pieces(
        self, data: Any, columns: Columns = None, **reading: Any
    ) -> Iterator[pd.DataFrame]:
        """As `predict`, piece by piece: a file may be longer than memory holds.

        Where an example is more than a row, as in forecasts, all comes in one piece.
        """
        examples = self.examples(data, columns, reading)
        yield from self.task.present_pieces((self._predict(some), some) for some in examples)

    def evaluate(self, data: Any, columns: Columns = None, **reading: Any) -> Evaluation:
        """Metrics with intervals on labelled data, which may be a file longer than memory holds.

        Rows that do not say what is wanted of them are left out and counted.
        """
        from seqlab.workbench.evaluating import Evaluator

        evaluator, origin, scored = Evaluator(self.task), _origin(data), 0
        for examples in self.examples(data, columns, reading, labelled=True):
            rows = np.flatnonzero(self.task.known(examples))
            evaluator.leave_out(examples, len(examples) - len(rows))
            if len(rows):
                known = examples if len(rows) == len(examples) else examples.take(rows)
                with doing(f"scoring {origin}: {scored:,} examples done"):
                    evaluator.add(known, self._predict(known))
                scored += len(known)
        return evaluator.result(str(self.card["candidate"]), origin)

    def examples(
        self, data: Any, columns: Columns, reading: dict[str, Any], labelled: bool = False
    ) -> Iterator[Examples]:
        """Of new data, piece by piece; an error where there are none at all."""
        anything = False
        for examples in self.task.encode_pieces(self._pieces(data, columns, reading), labelled):
            if len(examples):
                anything = True
                yield examples
        if not anything:
            raise UserError(f'"{_origin(data)}": no rows to predict')

    def _pieces(self, data: Any, columns: Columns, reading: dict[str, Any]) -> Iterator[Table]:
        names, roles = columns_of(columns, self.task.columns)
        task = self.task
        read = in_stretches if task.running_text else in_pieces if task.row_by_row else _whole
        reading = {**reading, "columns": names, "known": self.known_names()}
        for table in [data] if isinstance(data, Table) else read(data, **reading):
            yield self._as_fitted(table, roles)

    def known_names(self) -> list[str]:
        """What the columns of the training table were called, as far as they have roles."""
        return [
            name
            for names in self.task.columns.values()
            for name in (names, *names.split(COLUMN_JOIN))
        ]

    def _present(self, table: Table) -> tuple[pd.DataFrame, int]:
        """What is predicted, and of how many examples."""
        examples = self.task.encode(table)
        if not len(examples):
            raise UserError(f'"{table.origin}": no rows to predict')
        return self.task.present(self._predict(examples), examples), len(examples)

    def _as_fitted(self, table: Table, roles: dict[str, str]) -> Table:
        """The table with the named columns called as in the data that the task was fitted on."""
        frame = table.frame
        for role, column in roles.items():
            own = self.task.columns[role]
            if named(frame, column, table.origin) != own:
                frame = frame.drop(columns=own, errors="ignore").rename(columns={column: own})
        return replace(table, frame=frame)

    def generate(self, prompt: str | None = None, tokens: int = 200, **sampling: Any) -> str:
        """Text that goes on after a prompt, from a model of the task language.

        `sampling` are fields of `Sampling`: temperature, top_k, top_p, repetition_penalty, seed.
        """
        from seqlab.workbench.generating import Writer

        return "".join(Writer(self).write(prompt, tokens, **sampling))

    def raw(self, examples: Examples) -> Predictions:
        """Predictions as the metrics read them."""
        return self._predict(examples)


def _origin(data: Any) -> str:
    """What errors call the data."""
    if isinstance(data, Table):
        return data.origin
    return str(data) if isinstance(data, str | Path) else "data"


def _whole(data: Any, **reading: Any) -> Iterator[Table]:
    yield read_table(data, **reading)


@doing("loading the model")
def load(path: str | os.PathLike[str], device: str = "cpu") -> Predictor:
    """Load a `best/` folder (or a study's folder, whose `best/` is meant), or an exported one."""
    folder = Path(path)
    if (folder / "card.json").is_file() and not (folder / "best.json").exists():
        return _exported(folder)
    if not (folder / "best.json").exists() and (folder / "best" / "best.json").exists():
        folder = folder / "best"
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "no such folder"
        raise UserError(f"{folder}: {what}", "expected the best/ folder of a study")
    if not (folder / "best.json").exists():
        raise UserError(
            f"{folder}: holds no trained model (no best.json)",
            "expected the best/ folder of a finished study",
        )
    path = folder / "best.json"
    card = read_json(path)
    missing = [n for n in CARD if n not in card] if isinstance(card, dict) else ["everything"]
    if missing:
        raise UserError(f"{path}: damaged, misses {missing[0]}", REBUILD)
    check_format(card, path)
    if card["kind"] not in ("model", "baseline"):
        raise UserError(f"{path}: damaged, kind = {card['kind']!r}", REBUILD)
    try:
        return _loaded(folder, card, device)
    except UserError as error:
        # What an older version stored may have another form: then that is what to say.
        old = format_of(card) < FORMAT and "permission" not in error.message
        raise older(path, format_of(card)) if old else error from error.__cause__


def _exported(folder: Path) -> Predictor:
    """What seqlab export wrote, run by ONNX Runtime."""
    from seqlab.export.exported import load_exported

    exported = _readable(lambda: load_exported(folder), folder)
    return Predictor(exported.task, exported.predict, exported.card, exported)


def _loaded(folder: Path, card: dict[str, Any], device: str) -> Predictor:
    task: Task = _readable(
        lambda: registry.load("tasks", str(card["task"])).load(folder / "task"), folder
    )
    make = _baseline
    if card["kind"] == "model":
        from seqlab.study.reading import task_as_read

        described = str(folder / "best.json")
        make, task = _model, task_as_read(task, ModelSpec.read(card["model"], described), folder)
    predict, contestant = make(task, folder, card, device)
    return Predictor(task, predict, card, contestant)


def _readable(read: Callable[[], T], folder: Path) -> T:
    """What is read of a folder; whatever is missing or damaged is an error of one line."""
    try:
        return read()
    except FileNotFoundError as error:
        raise UserError(f"{error.filename}: no such file", REBUILD) from None
    except PermissionError as error:
        raise UserError(
            f"{error.filename}: permission denied", "make it readable for your user"
        ) from None
    except (OSError, *DAMAGE) as error:
        raise UserError(f"{folder / 'task'}: damaged or not complete ({error})", REBUILD) from error


def _baseline(
    task: Task, folder: Path, card: dict[str, Any], device: str
) -> tuple[Callable[[Examples], Predictions], Any]:
    from seqlab.baselines.storage import load_baseline

    baseline = load_baseline(folder)

    def predict(examples: Examples) -> Predictions:
        try:
            return baseline.predict(task, examples)
        except DAMAGE as error:  # its arrays fit one another, but not the task
            reason = str(error).partition("\n")[0]
            raise UserError(
                f"{folder}: what {baseline.name} has learned does not fit its task ({reason})",
                REBUILD,
            ) from error

    return predict, baseline


def _model(
    task: Task, folder: Path, card: dict[str, Any], device: str
) -> tuple[Callable[[Examples], Predictions], Any]:
    from seqlab.study.environment import device_for
    from seqlab.study.objective import predict_all
    from seqlab.study.stored_model import load_model

    device = device_for(device)
    described = str(folder / "best.json")
    model = load_model(task, card["model"], folder / "weights.safetensors", described).to(device)
    return lambda examples: predict_all(task, model, examples, device), model
