"""How far back gradients reach: ‖∂loss/∂h_t‖ against the distance from the end, and by layer.

h_t is what enters the first mixer at position t, so that one measure serves every mixer; the loss
is the task's own on validation examples. Bengio et al. (1994); Pascanu et al. (2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from seqlab.batch import Batch
from seqlab.model.base import Model
from seqlab.model.embedding import Embedding
from seqlab.specs import TrainSpec
from seqlab.tasks.base import Prepared

EXAMPLES = 64
VANISHES, EXPLODES = 1e-3, 1e3  # from the nearest position to the farthest


@dataclass(frozen=True)
class Flow:
    """Norms by distance from the last position (0 is the last), and by layer."""

    norms: list[float]
    layers: dict[str, float]

    @property
    def ratio(self) -> float:
        """The gradient at the farthest tenth of positions over that at the nearest."""
        part = max(1, len(self.norms) // 10)
        near, far = (float(np.mean(side)) for side in (self.norms[:part], self.norms[-part:]))
        return far / near if near else 0.0


def measure_flow(prepared: Prepared, model: Model, spec: TrainSpec) -> Flow:
    """The flow of some validation examples, without dropout."""
    examples = prepared.valid.take(np.arange(min(EXAMPLES, len(prepared.valid))))
    total, count = np.zeros(0), np.zeros(0)
    model.eval()
    model.zero_grad(set_to_none=True)
    for batch in prepared.task.batches(examples, EXAMPLES, spec.batch_tokens, None):
        seen = _backward(prepared, model, batch.to(spec.device))
        for gradient in seen.norm(dim=-1).double().cpu().numpy():  # (T,) of one sequence
            real = np.flatnonzero(gradient)
            back = gradient[: real[-1] + 1][::-1] if len(real) else gradient[:0]
            longer = max(len(back), len(total))
            total, count = (np.pad(a, (0, longer - len(a))) for a in (total, count))
            total[: len(back)] += back
            count[: len(back)] += 1
    return Flow((total / np.maximum(count, 1)).tolist(), _layers(model))


def _backward(prepared: Prepared, model: Model, batch: Batch) -> Tensor:
    """∂loss/∂h for every position of a batch, (B, T, D)."""
    seen: list[Tensor] = []

    def keep(module: nn.Module, given: tuple[object, ...], h: Tensor) -> None:
        h.retain_grad()
        seen.append(h)

    first = next(module for module in model.modules() if isinstance(module, Embedding))
    handle = first.register_forward_hook(keep)
    try:
        prepared.task.loss(model, batch).value.backward()  # type: ignore[no-untyped-call]
    finally:
        handle.remove()
    gradient = seen[0].grad
    assert gradient is not None
    return gradient


def _layers(model: Model) -> dict[str, float]:
    """The norm of each layer's gradients, in the order of the layers."""
    squares: dict[str, float] = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            words = name.split(".")
            layer = ".".join(words[: 2 if words[0] == "blocks" else 1])
            squares[layer] = squares.get(layer, 0.0) + float(parameter.grad.square().sum())
    return {name: value**0.5 for name, value in squares.items()}


def diagnosis(flow: Flow, pooling: str) -> tuple[str, str]:
    """Vanishing, exploding or sound; and what to do about it."""
    if flow.ratio < VANISHES:
        return (
            "vanishing",
            "gates (lstm, gru), an orthogonal or chrono initialisation, residual blocks with a "
            "norm, or shorter sequences between truncations",
        )
    if flow.ratio > EXPLODES:
        return (
            "exploding",
            "clip_norm = 1, an orthogonal initialisation with gain ≤ 1, a norm, or gates",
        )
    if pooling in ("mean", "max", "attention", "flatten"):
        return "sound", f'every position is heard directly: pooling = "{pooling}"'
    return "sound", "nothing to do"
