"""The number formats of a training: float32, tf32, bfloat16, or float16 with loss scaling.

Weights stay float32; what autocast lowers are the products (Micikevicius et al., 2018).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, optim

from seqlab.specs import TrainSpec

LOWER_PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def lower_formats(device: str) -> list[str]:
    """The formats beside float32 that may be faster on a device."""
    kind = torch.device(device).type
    if kind == "cpu":  # float16 needs its losses scaled and has no products there that are faster
        return ["bfloat16"]
    if not torch.amp.is_autocast_available(kind):
        return []
    if kind != "cuda":
        return ["bfloat16", "float16"]
    return ["tf32", *(["bfloat16"] if torch.cuda.is_bf16_supported() else []), "float16"]


class Precision:
    """Runs a loss in the wanted format, and a step on gradients of ordinary size."""

    def __init__(self, spec: TrainSpec, chosen: str | None = None) -> None:
        """`chosen` is what the measurement of `auto` said; before it, float32."""
        self.name = chosen or spec.precision
        self.device = torch.device(spec.device).type
        self.dtype = LOWER_PRECISIONS.get(self.name)
        self.tf32 = self.name == "tf32"
        scaled = self.name == "float16"
        self.scaler = torch.amp.GradScaler(self.device) if scaled else None

    def autocast(self) -> AbstractContextManager[Any]:
        """In which the loss is computed."""
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(self.device, self.dtype)

    @contextmanager
    def matmuls(self) -> Iterator[None]:
        """In which a whole training runs: float32 products on tensor cores, if tf32 is asked."""
        before = torch.get_float32_matmul_precision()
        if self.tf32:
            torch.set_float32_matmul_precision("high")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)

    def backward(self, value: Tensor) -> None:
        """Gradients, scaled up where small ones would vanish."""
        if self.scaler is not None:
            value = self.scaler.scale(value)
        value.backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimiser: optim.Optimizer) -> None:
        """Gradients of ordinary size, for clipping."""
        if self.scaler is not None:
            self.scaler.unscale_(optimiser)

    def step(self, optimiser: optim.Optimizer) -> None:
        """Update, or leave out a step whose scaled gradients overflowed."""
        if self.scaler is None:
            optimiser.step()
        else:
            self.scaler.step(optimiser)
            self.scaler.update()

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {} if self.scaler is None else dict(self.scaler.state_dict())

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        if self.scaler is not None:
            self.scaler.load_state_dict(state)
