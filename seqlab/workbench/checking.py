"""Behaviour tests of a trained contestant, from a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.explain.behaviour import Outcome, Tried, read_tests, run_test
from seqlab.progress import doing
from seqlab.tasks.base import as_array
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.inputs.series import Series
from seqlab.workbench.explaining import Opened, opened
from seqlab.workbench.predictor import Predictor

SHOWN_CHARACTERS = 100


def check(
    model: Predictor | str | os.PathLike[str], tests: str | os.PathLike[str], *, device: str = "cpu"
) -> list[Outcome]:
    """What became of each test of a file."""
    wanted = read_tests(Path(tests))
    tried = _tried(opened(model, device))
    with doing("testing"):
        return [run_test(test, tried) for test in wanted]


def plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain data."""
    return {
        "name": outcome.test.name,
        "kind": outcome.test.kind,
        "cases": outcome.cases,
        "failed": outcome.rate.value if outcome.cases else None,
        "low": asdict(outcome.rate)["low"],
        "high": asdict(outcome.rate)["high"],
        "most": outcome.test.most,
        "passed": outcome.passed,
        "examples": outcome.failures,
    }


def _tried(source: Opened) -> Tried:
    task = source.subject.task
    if isinstance(task, Classifier) and not task.target.multi_label:
        test = None if source.prepared is None else source.prepared.test
        if isinstance(task.reader, Series):
            return _of_series(source, task, test)
        if "text" in task.columns and "text2" not in task.columns:
            return _of_texts(source, task, test)
    raise UserError(
        f"check: {source.subject.name} was trained for {task.name}, which has no behaviour tests",
        "accepted: classify (single texts with one label) and series",
    )


def _of_texts(source: Opened, task: Classifier, test: Examples | None) -> Tried:
    def answer(texts: Sequence[Any]) -> NDArray[np.float64]:
        frame = pd.DataFrame({task.columns["text"]: list(texts)}, dtype=object)
        return as_array(source.subject.predict(task.encode(Table(frame, "tests"))))

    texts = [] if test is None else test.frame["text"].astype(str).tolist()
    return Tried(task.classes, "text", texts, _labels(test), answer, _short)


def _of_series(source: Opened, task: Classifier, test: Examples | None) -> Tried:
    if test is None:
        raise UserError(
            "check: tests of series are tried on the study's test part, which is not here",
            "name the study's folder, or a best/ folder within it",
        )
    values = test.ragged("values")

    def answer(series: Sequence[Any]) -> NDArray[np.float64]:
        rows = np.zeros(len(series), dtype=np.int64)
        arrays = {**test.take(rows).arrays, "values": Ragged.of(list(series))}
        return as_array(source.subject.predict(replace(test.take(rows), arrays=arrays)))

    inputs = [values[row] for row in range(len(values))]
    return Tried(
        task.classes, "series", inputs, _labels(test), answer, lambda s: f"{len(s):,} steps"
    )


def _labels(test: Examples | None) -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64) if test is None else test.array("label")


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
