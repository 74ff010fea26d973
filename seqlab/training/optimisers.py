"""Optimisers with two groups: matrices decay, norms and biases do not.

A parameter may ask for a rate of its own, as a factor of the training's (`_rate_factor`).

sgd      with momentum, and Nesterov's (Sutskever et al., 2013)
rmsprop  Hinton, 2012
adam     Kingma & Ba, 2015, the decay as part of the gradient
adamw    the decay apart, fused (Loshchilov & Hutter, 2019)
lion     Chen et al., 2023
muon     Jordan et al., 2024, for the matrices of the body; adamw for all else
"""

from __future__ import annotations

from typing import Any

from torch import nn, optim

from seqlab.specs import TrainSpec


def build_optimiser(model: nn.Module, spec: TrainSpec) -> optim.Optimizer:
    """The optimiser that a spec names, over all parameters that are trained."""
    trained = [p for p in model.parameters() if p.requires_grad]
    if spec.optimizer == "muon":
        from seqlab.training.muon import Muon

        matrices = hidden_matrices(model)
        chosen = {id(p) for p in matrices}
        groups = _groups([p for p in trained if id(p) not in chosen], spec)
        rest = optim.AdamW(groups, **_adam(spec), fused=True) if groups else None
        return Muon(matrices, rest, spec)
    groups, rate = _groups(trained, spec), spec.learning_rate
    match spec.optimizer:
        case "sgd":
            return optim.SGD(groups, rate, spec.momentum, nesterov=spec.nesterov)
        case "rmsprop":
            return optim.RMSprop(groups, rate, spec.beta2, spec.epsilon, momentum=spec.momentum)
        case "lion":
            from seqlab.training.lion import Lion

            return Lion(groups, rate, (spec.beta1, spec.beta2))
        case "adam":
            return optim.Adam(groups, **_adam(spec), fused=True)
    return optim.AdamW(groups, **_adam(spec), fused=True)


def _adam(spec: TrainSpec) -> dict[str, Any]:
    return {"lr": spec.learning_rate, "betas": (spec.beta1, spec.beta2), "eps": spec.epsilon}


def _groups(parameters: list[nn.Parameter], spec: TrainSpec) -> list[dict[str, Any]]:
    """Two groups, or two for each factor of the rate where layers learn at rates of their own."""
    groups: list[dict[str, Any]] = []
    for factor in sorted({rate_factor(p) for p in parameters}, reverse=True):
        alike = [p for p in parameters if rate_factor(p) == factor]
        for exempt in (False, True):
            members = [p for p in alike if no_decay(p) == exempt]
            group: dict[str, Any] = {"params": members}
            group["weight_decay"] = 0.0 if exempt else spec.weight_decay
            groups.append(group if factor == 1 else {**group, "rate_factor": factor})
    return [group for group in groups if group["params"]]


def rate_factor(parameter: nn.Parameter) -> float:
    """By how much a parameter's learning rate differs from the training's."""
    return float(getattr(parameter, "_rate_factor", 1.0))


def no_decay(parameter: nn.Parameter) -> bool:
    """Whether weight decay leaves a parameter alone: norms, biases, and what asks for it."""
    return parameter.dim() < 2 or bool(getattr(parameter, "_no_weight_decay", False))


def hidden_matrices(model: nn.Module) -> list[nn.Parameter]:
    """The matrices between embedding and head: what Muon is for."""
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    return [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
        and parameter.dim() == 2
        and not no_decay(parameter)
        and id(parameter) not in tables
        and not name.startswith("head.")
    ]
