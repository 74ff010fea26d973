"""What the answers of a trained contestant rest on, as a frame or as plain data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.examples import Examples
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.explain.account_page import write_explanations
from seqlab.explain.accounts import Account, Told, accounts
from seqlab.explain.attribution import Attribution
from seqlab.explain.case import case_of
from seqlab.explain.explaining import attributions, possible
from seqlab.explain.methods.base import Case
from seqlab.explain.subject import Subject, study_of, subject_of_run
from seqlab.progress import doing
from seqlab.runs import read_json, read_run
from seqlab.study.prepared_folder import load_prepared
from seqlab.tasks.base import Prepared
from seqlab.tasks.language import Language
from seqlab.tasks.row_task import RowTask
from seqlab.workbench.predictor import Predictor, load

TEXT_ROLES = ("text", "src", "tokens")  # of tasks whose example can be one text


@dataclass(frozen=True)
class Opened:
    """A contestant, and the data of its study where they are still there."""

    subject: Subject
    prepared: Prepared | None


def opened(model: Predictor | str | os.PathLike[str], device: str = "cpu") -> Opened:
    """From a Predictor, a best/ folder, a study's folder or the folder of one run."""
    if isinstance(model, Predictor):
        return Opened(_of_predictor(model, device), None)
    folder = Path(model)
    if (folder / "result.json").is_file():
        return _of_run(folder, device)
    subject = _of_predictor(load(folder, device), device)
    study = study_of(folder)
    prepared = None if study is None else load_prepared(subject.task.name, study / "prepared/fold0")
    return Opened(subject, prepared)


def explain(
    model: Predictor | str | os.PathLike[str],
    rows: Any,
    *,
    methods: Sequence[str] | None = None,
    answer: str | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> pd.DataFrame:
    """What each unit of some rows adds to the answer, by every method that the contestant can have.

    `rows` are texts, a frame, a file, or numbers of rows of the study's test part (from 0).
    The columns: row, method, answer, place, unit, value.
    """
    case = case_for(opened(model, device), rows, answer=answer, seed=seed)
    return pd.concat(
        [one.frame(case.units, case.question) for one in attributions(case, methods)],
        ignore_index=True,
    )


def case_for(source: Opened, rows: Any, *, answer: str | None = None, seed: int = 0) -> Case:
    """The case of some rows, as `explain` takes them."""
    examples = examples_for(source, rows)
    background = None if source.prepared is None else source.prepared.train
    return case_of(source.subject, examples, background, answer=answer, seed=seed)


def examples_for(source: Opened, rows: Any) -> Examples:
    """Examples of texts, of rows of the test part, or of a table."""
    task = source.subject.task
    listed = list(rows) if isinstance(rows, list | tuple | np.ndarray) else None
    if listed and all(isinstance(row, int | np.integer) for row in listed):
        return _of_test(source, [int(row) for row in listed])
    if listed and all(isinstance(row, str) for row in listed):
        texts = _of_texts(source, listed)
        if isinstance(task, Language):  # each from its own beginning, not cut into blocks
            return Examples({}, texts.frame.set_axis(["text"], axis=1))
        return task.encode(texts)
    if isinstance(rows, Table):
        return task.encode(rows)
    return task.encode(read_table(rows, known=list(task.columns.values())))


def _of_texts(source: Opened, texts: list[str]) -> Table:
    task = source.subject.task
    role = next((role for role in TEXT_ROLES if role in task.columns), None)
    if role is None or "text2" in task.columns:
        raise UserError(
            f"--text: the task {task.name} reads more than one text, or none",
            "name rows of the test part with --rows 3,17, or a file with --data",
        )
    blank = next((text for text in texts if not text.strip()), None)
    if blank is not None:
        raise UserError("--text: the text is empty", "give it at least one word")
    cells: list[Any] = [text.split() for text in texts] if role == "tokens" else list(texts)
    column = pd.Series(cells, dtype=object)
    return Table(pd.DataFrame({task.columns[role]: column}), "--text")


def _of_test(source: Opened, rows: list[int]) -> Examples:
    if source.prepared is None:
        raise UserError(
            "--rows: the study's prepared data are not beside this folder",
            "name a file with --data, or run the study's command again",
        )
    test = source.prepared.test
    beyond = [row for row in rows if not 0 <= row < len(test)]
    if beyond:
        raise UserError(
            f"--rows {beyond[0]}: the test part has rows 0 to {len(test) - 1:,}",
            "rows are counted from 0",
        )
    return test.take(np.array(rows, dtype=np.int64))


def _of_predictor(predictor: Predictor, device: str) -> Subject:
    name = str(predictor.card["candidate"])
    return Subject(name, predictor.task, predictor.contestant, predictor.raw, device)


def _of_run(folder: Path, device: str) -> Opened:
    run = read_run(folder)
    assert run is not None, "its result is there"
    data = folder.resolve().parents[2] / f"prepared/fold{run.job.fold}"
    if not (data / "digest").is_file():
        raise UserError(f"{data}: the study's data are not there", "run the study's command again")
    prepared = load_prepared(read_json(data / "prepared.json")["task"], data)
    return Opened(subject_of_run(run, prepared.task, device), prepared)


@dataclass(frozen=True)
class Explained:
    """Explanations of some rows by several methods."""

    case: Case
    found: list[Attribution]

    def to_dict(self) -> dict[str, Any]:
        """As plain data: of each example its units, and each method's numbers for each answer."""
        case, examples = self.case, self.case.examples
        return {
            "contestant": case.subject.name,
            "task": case.subject.task.name,
            "score": case.question.unit,
            "removed_from": "training data",
            "methods": {one.method: one.facts for one in self.found},
            "examples": [self._example(row) for row in range(len(examples))],
        }

    def _example(self, row: int) -> dict[str, Any]:
        case = self.case
        answers = [name for name in case.question.names(row) if name]
        units = case.units.names(row)
        return {
            "shown": shown(case, row),
            "units": units,
            "answers": answers,
            "values": {
                one.method: [values[: len(units)].tolist() for values in one.values[row]]
                for one in self.found
            },
        }


def explanations(
    model: Predictor | str | os.PathLike[str],
    rows: Any,
    *,
    methods: Sequence[str] | None = None,
    answer: str | None = None,
    device: str = "cpu",
) -> Explained:
    """As `explain`, with all that is known of how the numbers came about."""
    source = opened(model, device)
    with doing("explaining"):
        case = case_for(source, rows, answer=answer)
        wanted = possible(case) if methods is None else list(methods)
        return Explained(case, list(attributions(case, wanted)))


def explain_study(
    study: Path, told: Told = lambda share, what: None, *, randomise: bool = False
) -> tuple[Path, list[Account]]:
    """Explain every contestant in a study's winner set, and write the page into its folder."""
    found = accounts(study, told, randomise=randomise)
    return write_explanations(study, found), found


def shown(case: Case, row: int) -> str:
    """An example for people."""
    task = case.subject.task
    if isinstance(task, RowTask):
        return task.reader.shown(case.examples, row)
    return f"example {row}"
