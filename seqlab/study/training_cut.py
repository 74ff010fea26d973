"""How a time limit cut training, and who would have gone on learning, how far: in sentences."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from seqlab.compare.comparison import Comparison
from seqlab.compare.extrapolation import Longer, longer
from seqlab.compare.wording import Units, listed
from seqlab.runs import Run
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions, Finished
from seqlab.study.trials import best_full_trial, trials_that_ran

LAST_SHARE = 0.9  # of a run's steps: a best evaluation later than that is no end of learning


def cut_training(conditions: Conditions, finished: Finished, spec: StudySpec) -> str:
    """To which share runs were cut, and who was still improving; "" where there is nothing to say.

    A training that finds its own length is still improving if its trial was at the most it may
    last; in runs of a declared length the place of the best evaluation tells it.
    """
    allowance = conditions.planner.allowance
    share = allowance.shortened * _usual_share(conditions, spec)
    names = still_improving(conditions, finished, spec)
    were = "was" if len(names) == 1 else "were"
    improving = f"{listed(names)} {were} still improving" if names else ""
    if share < 1:
        length = "the length that tuning found" if allowance.longest > 1 else "its usual length"
        also = f"; {improving}" if improving else ""
        return f"Training was cut to {share:.0%} of {length} by the time limit{also}."
    return f"{improving} at the end of the longest training allowed here." if improving else ""


def still_improving(conditions: Conditions, finished: Finished, spec: StudySpec) -> list[str]:
    """The candidates whose validation score still rose when the training they were given ended."""
    allowance = conditions.planner.allowance
    share = allowance.shortened * _usual_share(conditions, spec)
    return [
        entry.name
        for entry in conditions.entries
        if entry.kind == "model"
        and (
            _at_the_most(best_full_trial(conditions, entry.name))
            if allowance.longest > 1
            else share < 1 and _still_improving(finished.get((entry.name, None), []))
        )
    ]


def with_more_training(
    conditions: Conditions, finished: Finished, comparison: Comparison, names: Sequence[str]
) -> list[Longer]:
    """What those that were still improving would reach, where their trials tell it."""
    sign = 1.0 if comparison.higher_is_better else -1.0
    means = {s.name: s.mean for s in comparison.standings}
    best = means.get(comparison.best or "", math.nan)
    found = []
    for name in names:
        full = best_full_trial(conditions, name)
        short = next(
            (
                run
                for run in trials_that_ran(conditions, "short").get(name, [])
                if full is not None and run.ok and run.job.number == full.job.number
            ),
            None,
        )
        if full is None or short is None:
            continue
        valid = [
            run.result["valid"]
            for runs in finished.get((name, None), [])
            for run in runs[:1]
            if run.ok and run.result["valid"] is not None
        ]
        estimate = longer(
            name,
            (sign * short.result["valid"], sign * full.result["valid"]),
            (short.result["epochs"], full.result["epochs"]),
            statistics.stdev(valid) if len(valid) > 1 else math.nan,
            (sign * means.get(name, math.nan), sign * best),
        )
        if estimate is not None:
            ends = sign * estimate.low, sign * estimate.high
            found.append(Longer(name, *ends, estimate.becomes_best))
    return found


def told(estimates: Sequence[Longer], comparison: Comparison) -> list[str]:
    """The estimates in sentences."""
    units = Units.of(comparison)
    said = []
    for one in estimates:
        low, high = sorted((one.low, one.high))
        value = f"{units.value(low)} to {units.value(high)}"
        said.append(one.sentence(value, one.name == comparison.best))
    return said


def _usual_share(conditions: Conditions, spec: StudySpec) -> float:
    """The share of a usual run for which the plan had time."""
    allowance, task = conditions.planner.allowance, conditions.planner.task
    if spec.budget.steps and allowance.steps:
        return allowance.steps / spec.budget.steps
    return allowance.epochs / (spec.budget.epochs or task.train_defaults.get("epochs", 10))


def _at_the_most(trial: Run | None) -> bool:
    fell = {} if trial is None else trial.result.get("fell") or {}
    return fell.get("ripe") is False


def _still_improving(seeds: Sequence[Sequence[Run]]) -> bool:
    """Whether most runs were best at their very end."""
    runs = [run for group in seeds for run in group if run.ok and run.result.get("steps")]
    late = [run for run in runs if run.result["best_step"] > LAST_SHARE * run.result["steps"]]
    return len(late) > len(runs) / 2
