"""The stages of a study: tuning trials, verdict runs; each does only what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
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
Chosen = dict[str, Setting | None]  # by candidate


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


def tune(conditions: Conditions) -> list[Chosen]:
    """Run the trials and choose settings: for each verdict seed, those of each candidate.

    All seeds share them, unless each is tuned by trials of its own. A candidate whose trials all
    failed keeps the first trial's settings: its verdict runs will say how it fails.
    """
    allowance = conditions.planner.allowance
    trials, count = allowance.trials, allowance.tunings * allowance.trials
    planned = _trials(conditions)
    ordered = [planned[name][number] for number in range(count) for name in planned]
    conditions.pool.execute(ordered, conditions.clock.watch, conditions.clock.keep)
    ran = trials_that_ran(conditions)
    fewest = min(map(len, ran.values()), default=count)
    if not allowance.tune_per_seed:
        if fewest < count:
            conditions.clock.note(cut_short("trial", fewest, count))
        return [_choose(conditions, ran)] * allowance.seeds
    tuned = fewest // trials
    if tuned < allowance.seeds:
        conditions.clock.note(cut_short("seed", tuned, allowance.seeds))
    return [
        _choose(conditions, {n: runs[s * trials : (s + 1) * trials] for n, runs in ran.items()})
        for s in range(tuned)
    ]


def _trials(conditions: Conditions) -> dict[str, list[Assignment]]:
    """Every candidate's trials; where seeds are tuned by themselves, those of one after another."""
    planner = conditions.planner
    trials, tunings = planner.allowance.trials, planner.allowance.tunings
    return {
        entry.name: [planner.trial(entry, n, trial(n % trials)) for n in range(tunings * trials)]
        for entry in conditions.entries
        if entry.kind == "model"
    }


def trials_that_ran(conditions: Conditions) -> dict[str, list[Run]]:
    """Every candidate's trials, of the rounds that were completed: as many for each."""
    ran = {
        name: list(takewhile(bool, (a.finished(conditions.folder) for a in planned)))
        for name, planned in _trials(conditions).items()
    }
    fewest = min(map(len, ran.values()), default=0)
    return {name: [run for run in runs[:fewest] if run is not None] for name, runs in ran.items()}


def _choose(conditions: Conditions, ran: Mapping[str, Sequence[Run]]) -> Chosen:
    """The settings of the trial that validated best; None where there was no choice."""
    trials, higher = conditions.planner.allowance.trials, conditions.metric.higher_is_better
    best = {name: best_trial(runs, higher) for name, runs in ran.items()}
    return {
        name: trial(run.result["number"] % trials if run else 0) if ran[name] else None
        for name, run in best.items()
    }


def trial_scores(conditions: Conditions) -> dict[str, tuple[float, ...]]:
    """The validation scores of each candidate's trials that ended well.

    None where each seed was tuned by itself: the spread of seeds holds the variance of tuning.
    """
    if conditions.planner.allowance.tune_per_seed:
        return {}
    valid = {
        name: [run.result["valid"] for run in runs if run.ok]
        for name, runs in trials_that_ran(conditions).items()
    }
    return {name: tuple(v for v in values if v is not None) for name, values in valid.items()}


def edges(conditions: Conditions) -> list[str]:
    """Sentences on candidates whose best learning rate is the lowest or highest of trials run."""
    sentences = []
    for name, runs in trials_that_ran(conditions).items():
        best = best_trial(runs, conditions.metric.higher_is_better)
        rates = {_rate(run) for run in runs}
        side = "" if best is None else at_edge(_rate(best), sorted(rates))
        if best is not None and side:
            sentences.append(
                f"{name}: the best learning rate, {_rate(best):g}, is the {side}est of the "
                f"{len(rates)} tried; more trials could help it"
            )
    return sentences


def _rate(run: Run) -> float:
    """The learning rate that a run was given."""
    return float(run.result["settings"]["train"]["learning_rate"])


def judge(conditions: Conditions, chosen: Sequence[Chosen], sizes: Sequence[int]) -> Finished:
    """Run the verdict seeds: (contestant, size) → seeds → a run per fold.

    Seeds go round by round, all contestants in each, so that a round that a time limit leaves out
    leaves everyone equal.
    """
    planner, count = conditions.planner, len(chosen)
    rounds: list[list[tuple[PlannedContestant, int | None, list[Assignment]]]] = []
    for number in range(count):
        rounds.append(
            [
                (entry, size, planner.verdict(entry, number, chosen[number].get(entry.name), size))
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
