"""What the stages of a study share: where and with what they run, and which run stands for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.metrics.base import Metric
from seqlab.runs import Run
from seqlab.study.clock import Clock
from seqlab.study.engine import Engine
from seqlab.study.plan import PlannedContestant, Planner
from seqlab.study.prepared_folder import load_prepared

Finished = dict[tuple[str, int | None], list[list[Run]]]  # (name, size) → seeds → a run per fold


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Where and with what the stages run."""

    folder: Path
    planner: Planner
    entries: Sequence[PlannedContestant]
    pool: Engine
    clock: Clock
    valid: int = 0  # validation examples

    @property
    def prepared_train(self) -> Examples:
        """The training part (of the first fold)."""
        return load_prepared(self.planner.task.name, self.folder / "prepared/fold0").train

    @property
    def metric(self) -> Metric:
        """The primary metric."""
        name = self.planner.task.metrics[0]
        metric: Metric = registry.load("metrics", name)()
        return metric


def median_run(seeds: Sequence[Sequence[Run]], metric: Metric) -> Run | None:
    """The run with the median validation score among those that finished (first fold).

    Where the middle lies between two, the better one is taken.
    """
    done = _by_validation(seeds, metric)
    return done[len(done) // 2] if done else None


def best_run(seeds: Sequence[Sequence[Run]], metric: Metric) -> Run | None:
    """The run that validated best among those that finished (first fold)."""
    done = _by_validation(seeds, metric)
    return done[-1] if done else None


def _by_validation(seeds: Sequence[Sequence[Run]], metric: Metric) -> list[Run]:
    """The runs of the first fold that finished, the best on validation last."""
    sign = 1 if metric.higher_is_better else -1
    done = [runs[0] for runs in seeds if all(run.ok for run in runs)]
    return sorted(done, key=lambda run: sign * run.result["valid"])
