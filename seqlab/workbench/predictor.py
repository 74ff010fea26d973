"""The winner in use: load a `best/` folder and predict."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.runs import read_json
from seqlab.tasks.base import Predictions, Task


class Predictor:
    """A fitted task with its model or baseline.

    card: what best.json says: candidate, settings, scores.
    """

    def __init__(
        self, task: Task, predict: Callable[[Examples], Predictions], card: dict[str, Any]
    ) -> None:
        self.task, self.card = task, card
        self._predict = predict

    def predict(self, data: Any, **options: Any) -> pd.DataFrame:
        """Predictions as a table: a row per example, or per forecast date.

        `data` is a file, a frame or a Table; `options` as for `read_table`.
        """
        table = data if isinstance(data, Table) else read_table(data, **options)
        examples = self.task.encode(table)
        if not len(examples):
            raise UserError(f'"{table.origin}": no rows to predict')
        return self.task.present(self._predict(examples), examples)

    def raw(self, examples: Examples) -> Predictions:
        """Predictions as the metrics read them."""
        return self._predict(examples)


def load(path: str | os.PathLike[str], device: str = "cpu") -> Predictor:
    """Load a `best/` folder (or a study's folder, whose `best/` is meant)."""
    folder = Path(path)
    if not (folder / "best.json").exists() and (folder / "best" / "best.json").exists():
        folder = folder / "best"
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder", "expected the best/ folder of a study")
    if not (folder / "best.json").exists():
        raise UserError(
            f"{folder}: holds no trained model (no best.json)",
            "expected the best/ folder of a finished study",
        )
    card = read_json(folder / "best.json")
    try:
        task: Task = registry.load("tasks", card["task"]).load(folder / "task")
        predict = _baseline(task, folder) if card["kind"] == "baseline" else None
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{folder / 'best.json'}: damaged, misses {error}",
            "run the study's command again to rebuild it",
        ) from None
    return Predictor(task, predict or _model(task, folder, card, device), card)


def _baseline(task: Task, folder: Path) -> Callable[[Examples], Predictions]:
    from seqlab.baselines.storage import load_baseline

    baseline = load_baseline(folder)
    return lambda examples: baseline.predict(task, examples)


def _model(
    task: Task, folder: Path, card: dict[str, Any], device: str
) -> Callable[[Examples], Predictions]:
    from seqlab.specs import ModelSpec
    from seqlab.study.best import load_weights
    from seqlab.study.work import build_model, predict_all

    model = build_model(task, ModelSpec.read(card["model"], str(folder / "best.json")))
    load_weights(model, folder / "weights.safetensors")
    model = model.to(device)
    return lambda examples: predict_all(task, model, examples, device)
