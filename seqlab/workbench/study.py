"""A study as Python users hold it: `Study(...).fit(data)`, then what it found."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from seqlab import registry
from seqlab.runs import read_json
from seqlab.study.recipes import DEFAULT_RECIPES
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Sources
from seqlab.versions import check_format
from seqlab.workbench.gathering import choose_task, default_folder, gather

if TYPE_CHECKING:
    import pandas as pd

    from seqlab.study.conduct import Listener
    from seqlab.study.planning import Plan
    from seqlab.workbench.plots import StudyPlots
    from seqlab.workbench.predictor import Predictor


@dataclass
class Study:
    """Which sequence model for this data? Give it the data and a budget.

    task        a task's name; None: told from the data
    candidates  names or groups of candidates
    budget      fields of seqlab.study.spec.Budget: params, epochs, steps, train_seconds, time
                (seconds for the whole study), seeds, trials, tune_per_seed
    data        fields of seqlab.tasks.base.DataSpec: split, group, folds, horizon, metric, …
    folder      where the study lives; the same folder continues or extends it
    settings    further fields of StudySpec: sizes, margin (1pt, 2% or 0.01), accept, prefer,
                constraints, model, train, device, …

    After `fit`: `folder_`, `verdict_` (a dict), `leaderboard_` (a frame), `best_` (a Predictor).
    """

    task: str | None = None
    candidates: str | Sequence[str] = DEFAULT_RECIPES
    budget: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    columns: str | Sequence[str] | dict[str, str] | None = None
    folder: str | os.PathLike[str] | None = None
    delimiter: str | None = None
    encoding: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def fit(
        self, data: Any, valid: Any = None, test: Any = None, listener: Listener | None = None
    ) -> Self:
        """Run the study, or what is missing of it."""
        begun = time.monotonic()
        from seqlab.study.conduct import Listener, conduct

        sources, spec, folder = self.resolve(data, valid, test)
        place = folder.absolute()  # wherever this process goes from here
        self.verdict_ = conduct(spec, sources, folder, listener or Listener(begun=begun))
        self.folder_ = place
        self.report()
        return self

    def plan(self, data: Any, valid: Any = None, test: Any = None) -> Plan:
        """What `fit` would do and how long it would take; trains nothing and writes nothing."""
        import tempfile

        from seqlab.study.conduct import plan_only

        sources, spec, _ = self.resolve(data, valid, test)
        with tempfile.TemporaryDirectory() as scratch:
            return plan_only(spec, sources, Path(scratch) / "study")

    def resolve(self, data: Any, valid: Any, test: Any) -> tuple[Sources, StudySpec, Path]:
        """The tables, the resolved settings and the folder."""
        sources, data_settings = gather(
            data,
            valid,
            test,
            columns=self.columns,
            settings=self.data,
            delimiter=self.delimiter,
            encoding=self.encoding,
        )
        task, self.task_reason_ = choose_task(sources, self.task, data_settings)
        candidates = self.candidates
        if isinstance(candidates, str):
            candidates = [name.strip() for name in candidates.split(",")]
        spec = StudySpec.read(
            {
                **self.settings,
                "task": task,
                "candidates": tuple(candidates),
                "budget": self.budget,
                "data": data_settings,
            },
            "",
        )
        folder = Path(self.folder) if self.folder is not None else default_folder(data, task)
        return sources, spec, folder

    def report(self) -> Path:
        """Write the report again from what is stored."""
        from seqlab.report import write_report

        return write_report(self.folder_)

    @property
    def leaderboard_(self) -> pd.DataFrame:
        """All contestants, the best first."""
        import pandas as pd

        return pd.read_csv(self.folder_ / "leaderboard.csv")

    @property
    def best_(self) -> Predictor:
        """The recommended contestant, ready to predict."""
        from seqlab.workbench.predictor import load

        return load(self.folder_ / "best")

    @property
    def plot(self) -> StudyPlots:
        """Figures of the finished study: leaderboard, race, learning, sizes, cost."""
        from seqlab.workbench.plots import StudyPlots

        return StudyPlots(self.folder_)

    def _repr_html_(self) -> str:
        """What notebooks show: the answer once there is one."""
        from html import escape

        from seqlab.report.notebook import answer_html
        from seqlab.report.stored import read_study

        if not hasattr(self, "folder_"):
            return f"<pre>{escape(repr(self))}</pre><p>fit(data) gives the answer.</p>"
        return answer_html(read_study(self.folder_))

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Self:
        """A finished study from its folder."""
        path = Path(folder).absolute()
        settings = path / "settings.json"
        check_format(read_json(path / "identity.json"), path / "identity.json")
        stored = StudySpec.read(read_json(settings), str(settings)).plain()
        registry.card("tasks", stored["task"])
        names = ("task", "candidates", "budget", "data")
        study = cls(
            **{name: stored[name] for name in names},
            folder=path,
            settings={k: v for k, v in stored.items() if k not in names},
        )
        study.folder_ = path
        study.verdict_ = read_json(path / "verdict.json")
        return study
