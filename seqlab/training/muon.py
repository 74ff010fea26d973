"""Muon: momentum, made orthogonal (Jordan et al., 2024), for matrices; AdamW for all else.

m ← μ m + g;   u = NS(g + μ m);   w ← (1 − η λ) w − 0.2 η √max(rows, columns) u

NS is five steps of a Newton–Schulz iteration that brings all singular values near 1. The factor
gives updates of AdamW's usual size, so that its rates carry over (Liu et al., 2025, Muon is
scalable). The stacked matrices of gates are taken as one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn, optim

from seqlab.specs import TrainSpec

QUINTIC = (3.4445, -4.7750, 2.0315)  # its coefficients, chosen for steepness at zero
ITERATIONS = 5
ADAM_SIZE = 0.2  # root mean square of an AdamW update over its rate


class Muon(optim.Optimizer):
    """Matrices of its own, and an AdamW within for the rest; their groups come together."""

    def __init__(
        self, matrices: Sequence[nn.Parameter], rest: optim.Optimizer | None, spec: TrainSpec
    ) -> None:
        defaults = {"lr": spec.learning_rate, "weight_decay": spec.weight_decay}
        super().__init__([{"params": list(matrices)}], {**defaults, "momentum": spec.momentum})
        self.rest = rest
        self.own = self.param_groups[0]
        if rest is not None:
            self.param_groups.extend(rest.param_groups)  # the same dicts: a rate is set for both

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update; `closure` is not used."""
        rate, decay, mu = self.own["lr"], self.own["weight_decay"], self.own["momentum"]
        for parameter in self.own["params"]:
            if parameter.grad is None:
                continue
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(parameter)
            momentum = state["momentum"].mul_(mu).add_(parameter.grad)
            update = orthogonal(parameter.grad.add(momentum, alpha=mu))
            size = ADAM_SIZE * max(parameter.shape) ** 0.5
            parameter.mul_(1 - rate * decay).add_(update, alpha=-rate * size)
        if self.rest is not None:
            self.rest.step()

    def state_dict(self) -> dict[str, Any]:
        """Both states."""
        momenta = [self.state[p].get("momentum") for p in self.own["params"]]
        rest = None if self.rest is None else self.rest.state_dict()
        return {"momenta": momenta, "lr": self.own["lr"], "rest": rest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What `state_dict` gave; the rest's groups are new dicts, and are shared again."""
        if self.rest is not None:
            self.rest.load_state_dict(state_dict["rest"])
            self.param_groups[1:] = self.rest.param_groups
        self.own["lr"] = state_dict["lr"]
        for parameter, momentum in zip(self.own["params"], state_dict["momenta"], strict=True):
            if momentum is not None:
                self.state[parameter]["momentum"] = momentum.to(parameter.device).clone()
            else:
                self.state.pop(parameter, None)


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with all its singular values brought near 1."""
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.mT if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x
