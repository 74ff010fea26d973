"""Mixers whose loop over positions would be frozen at one length, as a loop that the file keeps.

Tracing unrolls a loop of Python: what comes out reads sequences of the traced length alone, or of
as many chunks, without saying so. Here the mixer's own `step` is traced once, as the body of
`scan`, which ONNX has too. Slower than chunks, and right at every length.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan

from seqlab.batch import Context
from seqlab.mixers.base import CellMixer, Mixer, State, StreamingMixer, check_input
from seqlab.mixers.chunks import ChunkedMixer
from seqlab.mixers.linear_attention import CausalLinearAttention
from seqlab.mixers.longformer import WindowedAttention
from seqlab.mixers.states import map_tensors, tensors_of


class Scanned(Mixer):
    """A streaming mixer over all positions, step by step: (B, T, D) → (B, T, D)."""

    name = "scanned"

    def __init__(self, inner: StreamingMixer) -> None:
        super().__init__()
        self.width, self.inner = inner.width, inner

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """Every output, from the first state."""
        check_input(self, x)
        start = self.inner.begin(x.shape[0], context)

        def body(carried: list[Tensor], x_t: Tensor) -> tuple[list[Tensor], Tensor]:
            y_t, after = self.inner.step(x_t, restored(start, carried))
            return [one.clone() for one in tensors_of(after)], y_t.clone()

        # The operator refuses tensors that share memory, which views do.
        begin = [one.clone(memory_format=torch.contiguous_format) for one in tensors_of(start)]
        _, y = scan(body, begin, x.transpose(0, 1).clone(memory_format=torch.contiguous_format))
        out: Tensor = y.transpose(0, 1)
        return out


def restored(like: State, tensors: list[Tensor]) -> Any:
    """A state of the same nesting with other tensors, in their order."""
    following = iter(tensors)
    return map_tensors(like, lambda _: next(following))


def traceable(model: nn.Module, scan_all: bool = False) -> nn.Module:
    """A copy of the model, computing the same, in which nothing depends on the traced lengths.

    `scan_all` scans every mixer that streams, not only those that are known to loop.
    """
    model = copy.deepcopy(model)
    for owner, name, mixer in list(_streaming(model)):
        if scan_all or loops(mixer):
            setattr(owner, name, Scanned(mixer))
    for module in model.modules():
        if isinstance(module, WindowedAttention):
            module.chosen_backend = "reference"  # dense: how many blocks there are would be frozen
    return model


def loops(mixer: StreamingMixer) -> bool:
    """Whether `prefill` runs over positions or chunks in Python."""
    if isinstance(mixer, CellMixer) and not isinstance(mixer, ChunkedMixer):
        return mixer.backend == "reference"
    return isinstance(mixer, ChunkedMixer | CausalLinearAttention)


def _streaming(model: nn.Module) -> Iterator[tuple[nn.Module, str, StreamingMixer]]:
    """Each streaming mixer with the module that holds it, and under which name."""
    for owner in model.modules():
        for name, part in owner.named_children():
            if isinstance(part, StreamingMixer):
                yield owner, name, part
