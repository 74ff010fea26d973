"""Clipping: what keeps one wild gradient from throwing the weights far off.

value     each entry to ±limit (Mikolov, 2012)
norm      all gradients together to a length of at most limit (Pascanu et al., 2013)
adaptive  each unit's gradient to a share of the length of its weights (Brock et al., 2021); a unit
          is a row of a matrix; the head, which Brock et al. leave out, is clipped like the rest
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from seqlab.specs import TrainSpec

LEAST_WEIGHT_LENGTH = 1e-3  # taken for shorter ones: weights of zero would never leave it
LEAST_GRADIENT_LENGTH = 1e-6  # keeps the quotient finite


class Clipping:
    """Clips gradients in place, and counts the steps in which that changed anything.

    The counts stay on the device until they are read: reading waits for it.
    """

    def __init__(self, spec: TrainSpec, parameters: Sequence[nn.Parameter]) -> None:
        self.spec, self.parameters = spec, parameters
        self.steps = 0
        self.clipped: Tensor | None = None

    def __call__(self) -> Tensor:
        """Clip; returns the norm of all gradients, after clipping by value and unit."""
        spec = self.spec
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        limited = []
        if spec.clip_value is not None:
            limited.append(_largest(gradients) > spec.clip_value)
            nn.utils.clip_grad_value_(self.parameters, spec.clip_value)
        if spec.clip_adaptive is not None:
            limited.append(clip_adaptively(self.parameters, spec.clip_adaptive))
        limit = float("inf") if spec.clip_norm is None else spec.clip_norm
        norm = nn.utils.clip_grad_norm_(self.parameters, limit)
        if spec.clip_norm is not None:
            limited.append(norm > limit)
        self.steps += 1
        if limited:
            clipped = reduce(torch.logical_or, limited).to(torch.float32)
            self.clipped = clipped if self.clipped is None else self.clipped + clipped
        return norm

    def share(self) -> float:
        """The share of steps that were clipped since the counts began anew."""
        return 0.0 if self.clipped is None else float(self.clipped) / max(self.steps, 1)

    def begin(self) -> None:
        """Count anew."""
        self.steps, self.clipped = 0, None


def clip_adaptively(parameters: Sequence[nn.Parameter], limit: float) -> Tensor:
    """Scale each unit's gradient to `limit` times its weights' length; whether any was longer."""
    longer = []
    for parameter in parameters:
        gradient = parameter.grad
        if gradient is None:
            continue
        allowed = limit * _lengths(parameter.detach()).clamp(min=LEAST_WEIGHT_LENGTH)
        length = _lengths(gradient)
        longer.append((length > allowed).any())
        gradient.mul_((allowed / length.clamp(min=LEAST_GRADIENT_LENGTH)).clamp(max=1.0))
    return torch.stack(longer).any()


def _lengths(values: Tensor) -> Tensor:
    """The length of each unit's vector: of a row of a matrix, of all of a bias."""
    if values.dim() < 2:
        return values.norm()
    return torch.linalg.vector_norm(values, dim=tuple(range(1, values.dim())), keepdim=True)


def _largest(gradients: Sequence[Tensor]) -> Tensor:
    return torch.stack([gradient.abs().amax() for gradient in gradients]).amax()
