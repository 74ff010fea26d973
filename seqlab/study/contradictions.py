"""Settings that contradict each other, the task or every candidate: refused before any training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from seqlab.data.augmentation_words import hooked
from seqlab.errors import UserError
from seqlab.mixers.base import setting_defaults
from seqlab.model.block import Block
from seqlab.model.outline import outlined
from seqlab.registry import load
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective
from seqlab.study.plan import Allowance, PlannedContestant, train_spec, with_fields
from seqlab.study.reading import as_read
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Prepared
from seqlab.training.fit import total_steps
from seqlab.training.schedules import schedule


def refuse_contradictions(
    prepared: Prepared, entries: Sequence[PlannedContestant], spec: StudySpec, allowance: Allowance
) -> None:
    """Raises UserError for the first setting that the study's trainings would stumble over."""
    models = [entry for entry in entries if entry.model is not None]
    for number, entry in enumerate(models):
        if entry.fields in [other.fields for other in models[:number]]:
            continue
        alike = [e.model for e in models if e.fields == entry.fields and e.model is not None]
        _refuse_without_effect(alike)
        train = train_spec(
            with_fields(spec, entry.fields), prepared.task, allowance.length("verdict"), None, 0
        )
        data = as_read(prepared, alike[0])
        objective = TaskObjective(data, data.train, train)
        for one in train.augment:
            if one.hook is not None:
                hooked(one.hook)
        schedule(train, total_steps(objective, train))
        if train.label_smoothing or train.mixup:
            _try_loss(objective, alike[0], train)


def _try_loss(objective: TaskObjective, model: ModelSpec, train: TrainSpec) -> None:
    """Whether the task's loss has labels to smooth and to mix is seen by asking it for one."""
    built = build_model(objective.task, model).to(train.device)
    batch = next(objective.batches(0)).to(train.device)
    with torch.no_grad():
        objective.loss(built, batch)


def _refuse_without_effect(models: Sequence[ModelSpec]) -> None:
    """A setting may leave some candidates alone, but not all of them."""
    needs: dict[str, tuple[Callable[[ModelSpec], bool], str]] = {
        "stochastic_depth": (_has_residual_blocks, "blocks with residual = true"),
        "weight_drop": (_has_recurrent_matrices, "mixers such as rnn, lstm and gru"),
        "attention_dropout": (_has_attention, "mixers such as attention and longformer"),
    }
    for name, (works, accepted) in needs.items():
        given = [model for model in models if getattr(model, name)]
        if given and not any(works(model) for model in given):
            raise UserError(
                f"model.{name} = {getattr(given[0], name):g}: no candidate has what this drops",
                f"accepted: 0, or {accepted}",
            )


def _has_residual_blocks(model: ModelSpec) -> bool:
    return model.origin is None and model.residual


def _has_recurrent_matrices(model: ModelSpec) -> bool:
    if model.origin is not None:
        return False
    with outlined():
        return bool(Block(model, causal=False).drops_weights)


def _has_attention(model: ModelSpec) -> bool:
    return model.origin is None and "dropout" in setting_defaults(load("mixers", model.mixer))
