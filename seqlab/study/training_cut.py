"""How a time limit cut training, and who would have gone on learning: in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from seqlab.compare.wording import listed
from seqlab.runs import Run
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions, Finished
from seqlab.study.timing import counted

LAST_SHARE = 0.9  # of a run's steps: a best evaluation later than that is no end of learning


def cut_training(conditions: Conditions, finished: Finished, spec: StudySpec) -> str:
    """How many epochs were trained, and who was still improving; "" where nothing was cut."""
    allowance, task = conditions.planner.allowance, conditions.planner.task
    epochs = spec.budget.epochs or int(task.train_defaults.get("epochs", 10))
    if allowance.steps and allowance.steps != spec.budget.steps:
        length = f"{counted(allowance.steps, 'step')} a run instead of {counted(epochs, 'epoch')}"
    elif allowance.epochs < epochs:
        length = f"{allowance.epochs} of {counted(epochs, 'epoch')}"
    else:
        return ""
    names = [
        entry.name
        for entry in conditions.entries
        if entry.kind == "model" and _still_improving(finished.get((entry.name, None), []))
    ]
    were = "was" if len(names) == 1 else "were"
    improving = f"; {listed(names)} {were} still improving" if names else ""
    return f"Training was cut to {length} by the time limit{improving}."


def _still_improving(seeds: Sequence[Sequence[Run]]) -> bool:
    """Whether most runs were best at their very end."""
    runs = [run for group in seeds for run in group if run.ok and run.result.get("steps")]
    late = [run for run in runs if run.result["best_step"] > LAST_SHARE * run.result["steps"]]
    return len(late) > len(runs) / 2
