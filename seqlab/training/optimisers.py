"""Optimisers with two groups: matrices decay, norms and biases do not."""

from __future__ import annotations

from torch import nn, optim

from seqlab.specs import TrainSpec


def build_optimiser(model: nn.Module, spec: TrainSpec) -> optim.Optimizer:
    """AdamW, fused (Loshchilov & Hutter, 2019)."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {
            "params": [p for p in trained if not no_decay(p)],
            "weight_decay": spec.weight_decay,
        },
        {"params": [p for p in trained if no_decay(p)], "weight_decay": 0.0},
    ]
    return optim.AdamW([g for g in groups if g["params"]], lr=spec.learning_rate, fused=True)


def no_decay(parameter: nn.Parameter) -> bool:
    """Whether weight decay leaves a parameter alone: norms, biases, and what asks for it."""
    return parameter.dim() < 2 or bool(getattr(parameter, "_no_weight_decay", False))
