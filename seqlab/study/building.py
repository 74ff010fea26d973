"""Models of a task: one whose weights depend on a seed alone, and one that is ready to train."""

from __future__ import annotations

import torch

from seqlab.model.base import Model
from seqlab.model.block import recompute_blocks
from seqlab.model.stack import pack_tokens
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.tasks.base import Task


def build_model(task: Task, spec: ModelSpec, seed: int = 0) -> Model:
    """A task's model with its head; its weights depend on the seed alone."""
    # The random state is put back, so that sizing or probing a model changes no later draw.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return task.model(spec)


def model_to_train(task: Task, model: ModelSpec, spec: TrainSpec) -> Model:
    """A model with the weights of its seed, on its device, computing as its training wants it."""
    torch.manual_seed(spec.seed)  # for what training draws; the weights are drawn apart
    built = build_model(task, model, spec.seed).to(spec.device)
    if spec.recompute:
        recompute_blocks(built)
    pack_tokens(built, spec.packing)
    return built
