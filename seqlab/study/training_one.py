"""One model on prepared data, outside of a study: what the estimators are made of."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from seqlab.data.examples import Examples
from seqlab.model.base import Model
from seqlab.specs import TrainSpec
from seqlab.study.batch_memory import fitting_batch
from seqlab.study.building import model_to_train
from seqlab.study.objective import TaskObjective
from seqlab.study.plan import entries
from seqlab.study.spec import Budget, StudySpec
from seqlab.tasks.base import Prepared
from seqlab.training.fit import History, fit


def train_one(
    prepared: Prepared,
    candidate: str,
    *,
    params: int,
    model: dict[str, Any],
    train: dict[str, Any],
    refit: bool,
) -> tuple[Model, History]:
    """Train a candidate with early stopping; with `refit`, then again on all rows.

    `model` and `train` are fields of ModelSpec and TrainSpec. The history is that of the first
    training, which had a validation part.
    """
    task = prepared.task
    wanted = StudySpec(
        task=task.name,
        candidates=(candidate,),
        baselines=(),
        budget=Budget(params=params),
        model=model,
    )
    sized = entries(wanted, task)[0].model
    assert sized is not None
    spec = TrainSpec.read({**task.train_defaults, **train}, "train")
    spec, choices = fitting_batch(prepared, partial(model_to_train, task, sized), spec)
    built = model_to_train(task, sized, spec)
    history = fit(built, TaskObjective(prepared, prepared.train, spec), spec)
    history.choices |= choices
    if not refit:
        return built, history
    everything = Examples.joined([prepared.train, prepared.valid, prepared.test])
    steps = max(1, round(history.best_step * len(everything) / len(prepared.train)))
    again = spec.with_(steps=steps, evaluations=1, patience=None)
    built = model_to_train(task, sized, again)
    whole = replace(prepared, train=everything)
    fit(built, TaskObjective(whole, everything, again), again)
    return built, history
