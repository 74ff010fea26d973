"""Tuning: every candidate tries as many settings, and trains as long as it goes on learning.

Where there are several settings, each has a short trial first: a third of a usual run, with a
schedule that is complete in it; if the best rate of any candidate is the highest or lowest one,
all try another beyond it. The best third of each candidate's settings have a full trial
(successive halving: Jamieson and Talwalkar, 2016), which finds its own length
(`training/length.py`) unless one was declared. The setting that validates best is taken into the
verdict, with the length that its trial took and something to spare, as other seeds may be later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from seqlab.compare.screening import screened
from seqlab.runs import Run
from seqlab.study.assignment import Assignment
from seqlab.study.plan import Allowance, PlannedContestant, Tuned
from seqlab.study.portfolio import BEYOND, beyond, setting
from seqlab.study.space import Setting
from seqlab.study.stages import Conditions
from seqlab.study.timing import cut_short
from seqlab.study.tuning import at_edge, best_trial

Chosen = dict[str, Tuned]  # by candidate
Ran = dict[str, list[Run]]

SPARE = 1.25  # times the length of the best trial
LEAST_SHARE = 0.5  # of a usual run is the shortest length that is believed


def tune(conditions: Conditions) -> list[Chosen]:
    """Run the trials and choose: for each verdict seed, what each candidate trains with.

    All seeds share it, unless each is tuned by trials of its own. A candidate whose trials all
    failed keeps the first trial's settings: its verdict runs will say how it fails.
    """
    allowance = conditions.planner.allowance
    if allowance.short_trials:
        numbers: list[int] = []
        while numbers != (numbers := _short_numbers(conditions)):
            _run(conditions, "short", len(numbers))
    ran = _run(conditions, "trial", allowance.full_trials)
    if not allowance.tune_per_seed:
        return [_choose(conditions, ran)] * allowance.seeds
    trials, fewest = allowance.trials, min(map(len, ran.values()), default=allowance.full_trials)
    tuned = fewest // trials
    if tuned < allowance.seeds:
        conditions.clock.note(cut_short("seed", tuned, allowance.seeds))
    return [
        _choose(conditions, {n: runs[s * trials : (s + 1) * trials] for n, runs in ran.items()})
        for s in range(tuned)
    ]


def _run(conditions: Conditions, role: str, count: int) -> Ran:
    """Run the trials of a role, as many of each candidate; returns those of completed rounds."""
    planned = _planned(conditions, role)
    ordered = [planned[name][place] for place in range(count) for name in planned]
    conditions.clock.rank(planned.values())
    conditions.pool.execute(ordered, conditions.clock.watch, conditions.clock.keep)
    ran = trials_that_ran(conditions, role)
    fewest = min(map(len, ran.values()), default=count)
    if fewest < count and not conditions.planner.allowance.tune_per_seed:
        conditions.clock.note(cut_short(_called(conditions, role), fewest, count))
    return ran


def _called(conditions: Conditions, role: str) -> str:
    halved = conditions.planner.allowance.short_trials
    return {"short": "short trial", "trial": "full trial" if halved else "trial"}[role]


def _planned(conditions: Conditions, role: str) -> dict[str, list[Assignment]]:
    """Every candidate's trials in their order."""
    planner, allowance = conditions.planner, conditions.planner.allowance
    numbers: Mapping[str, Sequence[int]] = {}
    if role == "trial" and allowance.short_trials:
        numbers = _promoted(conditions)
    out = hopeless(conditions) if role == "trial" else {}
    usual = _short_numbers(conditions) if role == "short" else range(allowance.full_trials)
    return {
        entry.name: [
            planner.trial(entry, number, _setting(conditions, entry, number), role)
            for number in numbers.get(entry.name, usual)
        ]
        for entry in conditions.entries
        if entry.kind == "model" and (role == "short" or entry.name not in out)
    }


def hopeless(conditions: Conditions) -> dict[str, float]:
    """Candidates that are screened out by their short trials, and how far each is behind."""
    if not conditions.planner.allowance.short_trials:
        return {}
    valid = {
        name: [float(run.result["valid"]) for run in runs if run.ok]
        for name, runs in trials_that_ran(conditions, "short").items()
    }
    return screened(valid, conditions.valid, conditions.metric)


def without_hopeless(conditions: Conditions) -> tuple[Conditions, list[str]]:
    """The conditions of those that reach the verdict, and a sentence on each that does not."""
    said, out = [], hopeless(conditions)
    for name, gap in out.items():
        points = f"{100 * gap:.1f} points" if conditions.metric.unit_range else f"{gap:.2g}"
        said.append(
            f"{name} was screened out: {points} behind the best candidate in its short trials"
        )
    return replace(conditions, entries=[e for e in conditions.entries if e.name not in out]), said


def _setting(conditions: Conditions, entry: PlannedContestant, number: int) -> Setting:
    """The setting of a trial; where seeds are tuned by themselves, those of one after another."""
    allowance, task = conditions.planner.allowance, conditions.planner.task
    number = number % allowance.trials if allowance.tune_per_seed else number
    return setting(task, entry.families, number, allowance.trials)


def _short_numbers(conditions: Conditions) -> list[int]:
    """The settings that have a short trial: those declared, and rates beyond an end of the range
    as long as the best rate of some candidate is the last one there.
    """
    allowance = conditions.planner.allowance
    numbers = list(range(allowance.short_trials))
    while allowance.beyond and (more := _beyond(conditions, numbers)):
        numbers += more
    return numbers


def _beyond(conditions: Conditions, numbers: Sequence[int]) -> list[int]:
    """The next settings beyond the ends at which some candidate is best; none before all ran."""
    sides = set()
    for entry in conditions.entries:
        if entry.kind != "model":
            continue
        planned = [
            conditions.planner.trial(entry, n, _setting(conditions, entry, n), "short")
            for n in numbers
        ]
        runs = [run for one in planned if (run := one.finished(conditions.folder)) is not None]
        if len(runs) < len(planned):
            return []
        best = best_trial(runs, conditions.metric.higher_is_better)
        if best is not None:
            sides.add(at_edge(_rate(best), sorted({_rate(run) for run in runs})))
    return [
        number
        for side, first in BEYOND.items()
        if side in sides
        and (number := next((n for n in beyond(first) if n not in numbers), None)) is not None
    ]


def _promoted(conditions: Conditions) -> dict[str, list[int]]:
    """The settings that have a full trial: those whose short trials validated best."""
    sign = 1 if conditions.metric.higher_is_better else -1
    allowance = conditions.planner.allowance
    chosen = {}
    for name, runs in trials_that_ran(conditions, "short").items():
        done = [run for run in runs if run.ok and run.result["valid"] is not None]
        ranked = sorted(done, key=lambda run: (-sign * run.result["valid"], run.job.number))
        numbers = [run.job.number for run in ranked]
        numbers += [n for n in range(allowance.trials) if n not in numbers]
        chosen[name] = numbers[: allowance.full_trials]
    return chosen


def trials_that_ran(conditions: Conditions, role: str = "trial") -> Ran:
    """Every candidate's trials, of the rounds that were completed: as many for each."""
    ran = {
        name: list(takewhile(bool, (a.finished(conditions.folder) for a in planned)))
        for name, planned in _planned(conditions, role).items()
    }
    fewest = min(map(len, ran.values()), default=0)
    return {name: [run for run in runs[:fewest] if run is not None] for name, runs in ran.items()}


def all_settings(conditions: Conditions) -> Ran:
    """One trial of each setting that was tried: the short ones, where there are such."""
    halved = conditions.planner.allowance.short_trials
    return trials_that_ran(conditions, "short" if halved else "trial")


def _choose(conditions: Conditions, ran: Mapping[str, Sequence[Run]]) -> Chosen:
    """The setting of the trial that validated best, and its length."""
    entries = {entry.name: entry for entry in conditions.entries}
    return {name: _tuned(conditions, entries[name], runs) for name, runs in ran.items()}


def _tuned(conditions: Conditions, entry: PlannedContestant, runs: Sequence[Run]) -> Tuned:
    allowance = conditions.planner.allowance
    if not runs and not allowance.trials:
        return Tuned()
    best = best_trial(runs, conditions.metric.higher_is_better)
    if best is None:
        return Tuned(_setting(conditions, entry, 0))
    setting_chosen = _setting(conditions, entry, best.result["number"])
    return Tuned(setting_chosen, verdict_epochs(allowance, best))


def verdict_epochs(allowance: Allowance, trial: Run) -> float | None:
    """The length of verdict runs after a trial that found its own; None: as declared."""
    if allowance.longest == 1:
        return None
    took = max(SPARE * float(trial.result.get("epochs") or 0), LEAST_SHARE * allowance.epochs)
    return round(min(took, allowance.longest * allowance.epochs), 2)


def best_full_trial(conditions: Conditions, name: str) -> Run | None:
    """The trial of a candidate whose setting and length were chosen."""
    runs = trials_that_ran(conditions).get(name, [])
    return best_trial(runs, conditions.metric.higher_is_better)


def trial_scores(conditions: Conditions) -> dict[str, tuple[float, ...]]:
    """The validation scores of each candidate's trials that ended well, one of each setting.

    None where each seed was tuned by itself: the spread of seeds holds the variance of tuning.
    """
    if conditions.planner.allowance.tune_per_seed:
        return {}
    valid = {
        name: [run.result["valid"] for run in runs if run.ok]
        for name, runs in all_settings(conditions).items()
    }
    return {name: tuple(v for v in values if v is not None) for name, values in valid.items()}


def edges(conditions: Conditions) -> list[str]:
    """Sentences on candidates whose best learning rate is the lowest or highest of trials run."""
    sentences = []
    tried = all_settings(conditions)
    for name, runs in trials_that_ran(conditions).items():
        best = best_trial(runs, conditions.metric.higher_is_better)
        rates = {_rate(run) for run in tried[name]}
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
