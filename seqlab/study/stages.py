"""The stages of a study: tuning trials, verdict runs; each does only what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.metrics.base import Metric
from seqlab.runs import Run
from seqlab.study.assignment import Assignment
from seqlab.study.clock import Clock
from seqlab.study.plan import PlannedContestant, Planner
from seqlab.study.pool import Pool
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.timing import cut_short
from seqlab.study.tuning import Setting, at_edge, best_trial, trial

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


def tune(conditions: Conditions) -> dict[str, Setting | None]:
    """Run the trials and choose each candidate's settings; None where there was no choice.

    A candidate whose trials all failed keeps the first trial's settings: its verdict runs will
    say how it fails.
    """
    models = [entry for entry in conditions.entries if entry.kind == "model"]
    count = conditions.planner.allowance.trials
    planned = {
        entry.name: [conditions.planner.trial(entry, n, trial(n)) for n in range(count)]
        for entry in models
    }
    ordered = [planned[entry.name][n] for n in range(count) for entry in models]
    left_out = conditions.pool.execute(ordered, conditions.clock.watch, conditions.clock.keep)
    fewest = min((a.job.number for a in left_out), default=count)
    if fewest < count:
        conditions.clock.note(cut_short("trial", fewest, count))
    return {entry.name: _choose(conditions, planned[entry.name][:fewest]) for entry in models}


def _choose(conditions: Conditions, planned: Sequence[Assignment]) -> Setting | None:
    if not planned:
        return None
    runs = [run for a in planned if (run := a.finished(conditions.folder)) is not None]
    best = best_trial(runs, conditions.metric.higher_is_better)
    return trial(best.result["number"] if best is not None else 0)


def trial_scores(conditions: Conditions) -> dict[str, tuple[float, ...]]:
    """The validation scores of each candidate's trials that ended well."""
    planner, folder = conditions.planner, conditions.folder
    scores: dict[str, tuple[float, ...]] = {}
    for entry in conditions.entries:
        if entry.kind == "model":
            planned = (planner.trial(entry, n, trial(n)) for n in range(planner.allowance.trials))
            runs = [run for a in planned if (run := a.finished(folder)) is not None and run.ok]
            valid = [run.result["valid"] for run in runs]
            scores[entry.name] = tuple(value for value in valid if value is not None)
    return scores


def edges(conditions: Conditions, chosen: dict[str, Setting | None]) -> list[str]:
    """Sentences on candidates whose best learning rate is the lowest or highest tried."""
    rates = [trial(n).learning_rate for n in range(conditions.planner.allowance.trials)]
    sentences = []
    for name, setting in chosen.items():
        side = at_edge(setting.learning_rate, rates) if setting is not None else ""
        if side and setting is not None:
            sentences.append(
                f"{name}: the best learning rate, {setting.learning_rate:g}, is the {side}est of "
                f"the {len(rates)} tried; more trials could help it"
            )
    return sentences


def judge(
    conditions: Conditions, chosen: dict[str, Setting | None], sizes: Sequence[int]
) -> Finished:
    """Run the verdict seeds: (contestant, size) → seeds → a run per fold.

    Seeds go round by round, all contestants in each, so that a round that a time limit leaves out
    leaves everyone equal.
    """
    planner, count = conditions.planner, conditions.planner.allowance.seeds
    rounds: list[list[tuple[PlannedContestant, int | None, list[Assignment]]]] = []
    for number in range(count):
        rounds.append(
            [
                (entry, size, planner.verdict(entry, number, chosen.get(entry.name), size))
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
