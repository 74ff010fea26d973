"""A trained model for single texts; some are made on the spot, once, and kept in the cache."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from filelock import FileLock

from seqlab import registry
from seqlab.baselines.storage import baseline_of, save_baseline
from seqlab.data.packages import cache_folder
from seqlab.data.sources import read_table
from seqlab.errors import UserError
from seqlab.progress import doing
from seqlab.runs import Run, unfinished_name
from seqlab.study.best import write_best
from seqlab.study.outsiders import outsider
from seqlab.study.prepared_folder import save_prepared
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.row_task import RowTask
from seqlab.workbench.predictor import Predictor, load

TEXT_DIVIDER = "\t"  # between the two texts of an example


@dataclass(frozen=True)
class Making:
    """A model that is made when it is first asked for: which contestant, on which data."""

    task: str
    data: str
    candidate: str


MADE = {"sentiment": Making("classify", "reviews", "minilm-lr")}


class Pipeline:
    """A trained model of a task of rows, for texts as they come."""

    def __init__(self, predictor: Predictor) -> None:
        task = predictor.task
        if not isinstance(task, RowTask):
            raise UserError(
                f"{task.name} reads no single texts",
                "use seqlab predict, or seqlab generate for a language model",
            )
        self.predictor = predictor
        self.columns = [task.columns[role] for role in task.reader.roles if role in task.columns]

    def predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """A row for each text, or for each two with a tab between them."""
        wanted = len(self.columns)
        cells = [text.split(TEXT_DIVIDER) if wanted > 1 else [text] for text in texts]
        for text, parts in zip(texts, cells, strict=True):
            if len(parts) != wanted:
                raise UserError(
                    f'"{text[:60]}": {len(parts)} text, expected {wanted} with a tab between them',
                    f"they are {' and '.join(self.columns)}",
                )
        return self.predictor.predict(pd.DataFrame(cells, columns=self.columns))


def open_pipeline(name: str, device: str = "cpu") -> Pipeline:
    """By the folder of a trained model, or by the name of one that is made on the spot."""
    if name in MADE and not Path(name).exists():
        return Pipeline(load(made(name, MADE[name]), device))
    return Pipeline(load(name, device))


def made(name: str, how: Making) -> Path:
    """The folder of a model that is made once."""
    folder = cache_folder() / "pipelines" / f"{name}-{how.candidate.replace('/', '-')}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "best.json").exists():
            print(f"making {name}: {how.candidate} on {how.data}, once", file=sys.stderr)
            with doing(f"making {name}"):
                _make(how, folder)
    return folder


def _make(how: Making, folder: Path) -> None:
    spec = StudySpec(task=how.task, candidates=(how.candidate,), baselines=())
    sources = Sources(read_table(how.data))
    prepared = registry.load("tasks", how.task).prepare(sources, DataSpec(), spec.seed)[0]
    guest = outsider(how.candidate, spec, prepared.task, prepared.train)
    assert guest.baseline is not None, "only what is fitted at once is made on the spot"
    scratch = folder.parent / unfinished_name()
    try:
        baseline = baseline_of(guest.name, guest.baseline)
        fitted = baseline.fit(prepared.task, prepared.train, prepared.valid, spec.seed)
        save_baseline(fitted, scratch / "run")
        save_prepared(prepared, scratch / "prepared", "made once")
        result = {
            "candidate": guest.name,
            "kind": "baseline",
            "settings": {"model": guest.baseline, "train": {"seed": spec.seed}},
            "seed": spec.seed,
            "valid": None,
        }
        run = Run(scratch / "run", result)
        best = write_best(scratch, run, scratch / "prepared", how.task, {"data": how.data})
        shutil.rmtree(folder, ignore_errors=True)
        best.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
