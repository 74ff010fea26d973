"""Lion: the sign of a blend of momentum and gradient (Chen et al., 2023, Symbolic discovery).

u = sign(β₁ m + (1 − β₁) g);   w ← w − η (u + λ w);   m ← β₂ m + (1 − β₂) g

Its steps are all of one length, so that it wants a rate three to ten times below AdamW's, and a
decay as many times above.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import optim


class Lion(optim.Optimizer):
    """One momentum for each parameter."""

    def __init__(self, params: Any, lr: float, betas: tuple[float, float]) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update; `closure` is not used."""
        for group in self.param_groups:
            rate, (beta1, beta2) = group["lr"], group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"]
                update = torch.lerp(parameter.grad, momentum, beta1).sign_()
                parameter.mul_(1 - rate * group["weight_decay"]).add_(update, alpha=-rate)
                momentum.lerp_(parameter.grad, 1 - beta2)
