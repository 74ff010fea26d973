"""What the stages of a study share, and the verdict runs: only what is missing is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.metrics.base import Metric
from seqlab.runs import Run
from seqlab.study.assignment import Assignment
from seqlab.study.clock import Clock
from seqlab.study.plan import PlannedContestant, Planner, Tuned
from seqlab.study.pool import Pool
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.timing import cut_short

Finished = dict[tuple[str, int | None], list[list[Run]]]  # (name, size) → seeds → a run per fold


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Where and with what the stages run."""

    folder: Path
    planner: Planner
    entries: Sequence[PlannedContestant]
    pool: Pool
    clock: Clock

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


def judge(
    conditions: Conditions, chosen: Sequence[Mapping[str, Tuned]], sizes: Sequence[int]
) -> Finished:
    """Run the verdict seeds: (contestant, size) → seeds → a run per fold.

    Seeds go round by round, all contestants in each, so that a round that a time limit leaves out
    leaves everyone equal.
    """
    planner, count = conditions.planner, len(chosen)
    rounds: list[list[tuple[PlannedContestant, int | None, list[Assignment]]]] = []
    for number in range(count):
        rounds.append(
            [
                (
                    entry,
                    size,
                    planner.verdict(entry, number, chosen[number].get(entry.name, Tuned()), size),
                )
                for entry in conditions.entries
                for size in (None, *sizes)
                if number == 0 or not entry.deterministic
            ]
        )
    ordered = [a for group in rounds for _, _, assignments in group for a in assignments]
    left_out = conditions.pool.execute(ordered, conditions.clock.watch, conditions.clock.keep)
    fewest = min((a.job.number for a in left_out), default=count)
    if fewest < count:
        conditions.clock.note(cut_short("seed", fewest, count))
    finished: Finished = {}
    for group in rounds[:fewest]:
        for entry, size, assignments in group:
            runs = [run for a in assignments if (run := a.finished(conditions.folder)) is not None]
            if len(runs) == len(assignments):
                finished.setdefault((entry.name, size), []).append(runs)
    return finished


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
