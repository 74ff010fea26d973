"""Whose answers are explained: a fitted task with one contestant, network or baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlab.baselines.base import Baseline
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.runs import Run
from seqlab.tasks.base import Predictions, Task

if TYPE_CHECKING:
    from seqlab.model.base import Model

BASELINE_FILES = ("baseline.json", "arrays.safetensors")


@dataclass(frozen=True)
class Subject:
    """A contestant of a task. contestant: its Model or its Baseline."""

    name: str
    task: Task
    contestant: Any
    predict: Callable[[Examples], Predictions]
    device: str = "cpu"

    @property
    def trained_by_gradient(self) -> bool:
        """Whether it is a network."""
        return not isinstance(self.contestant, Baseline)

    def network(self, asked: str) -> Model:
        """The model, ready to answer; a UserError where what is asked for needs one."""
        if not self.trained_by_gradient:
            raise UserError(
                f"{asked}: {self.name} is a baseline, which has no gradients and no attention",
                "accepted for baselines: exact (linear ones), occlusion-delete, occlusion-mask, "
                "occlusion-resample",
            )
        model: Model = self.contestant
        return model.eval()


def subject_of_run(run: Run, task: Task, device: str = "cpu") -> Subject:
    """The contestant of a finished run, whose weights must be there."""
    kind, name = run.result["kind"], str(run.result["candidate"])
    files = BASELINE_FILES if kind == "baseline" else ("weights.safetensors",)
    missing = [file for file in files if not (run.folder / file).is_file()]
    if missing:
        raise UserError(
            f"{run.folder}: a run without weights (no {missing[0]}), of which nothing can be"
            " explained",
            "verdict runs keep theirs: run seqlab compare again, or name the best/ folder",
        )
    if kind == "baseline":
        from seqlab.baselines.storage import load_baseline

        baseline = load_baseline(run.folder)
        return Subject(name, task, baseline, lambda examples: baseline.predict(task, examples))
    return Subject(name, task, *_network(run, task, device), device)


def _network(run: Run, task: Task, device: str) -> tuple[Any, Callable[[Examples], Predictions]]:
    from seqlab.study.objective import predict_all
    from seqlab.study.stored_model import load_model

    described = str(run.folder / "result.json")
    weights = run.folder / "weights.safetensors"
    model = load_model(task, run.result["settings"]["model"], weights, described).to(device).eval()
    return model, lambda examples: predict_all(task, model, examples, device)


def drawn(examples: Examples, most: int, seed: int = 0) -> Examples:
    """At most so many of some examples, drawn at random and left in their order."""
    if len(examples) <= most:
        return examples
    rows = np.random.default_rng(seed).choice(len(examples), most, replace=False)
    return examples.take(np.sort(rows))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return ", ".join(names)


def study_of(folder: Path) -> Path | None:
    """The study that a best/ folder lies in, where its prepared data are still there."""
    for place in (folder, folder.resolve().parent):
        if (place / "prepared" / "fold0" / "digest").is_file():
            return place
    return None
