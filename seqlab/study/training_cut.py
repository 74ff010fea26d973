"""How a time limit cut training, and who would have gone on learning: in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from seqlab.compare.wording import listed
from seqlab.runs import Run
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions, Finished
from seqlab.study.trials import best_full_trial

LAST_SHARE = 0.9  # of a run's steps: a best evaluation later than that is no end of learning


def cut_training(conditions: Conditions, finished: Finished, spec: StudySpec) -> str:
    """To which share runs were cut, and who was still improving; "" where there is nothing to say.

    A training that finds its own length is still improving if its trial was at the most it may
    last; in runs of a declared length the place of the best evaluation tells it.
    """
    allowance = conditions.planner.allowance
    share = allowance.shortened * _usual_share(conditions, spec)
    open_ended = allowance.longest > 1
    names = [
        entry.name
        for entry in conditions.entries
        if entry.kind == "model"
        and (
            _at_the_most(best_full_trial(conditions, entry.name))
            if open_ended
            else share < 1 and _still_improving(finished.get((entry.name, None), []))
        )
    ]
    were = "was" if len(names) == 1 else "were"
    improving = f"{listed(names)} {were} still improving" if names else ""
    if share < 1:
        length = "the length that tuning found" if open_ended else "its usual length"
        also = f"; {improving}" if improving else ""
        return f"Training was cut to {share:.0%} of {length} by the time limit{also}."
    return f"{improving} at the end of the longest training allowed here." if improving else ""


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
