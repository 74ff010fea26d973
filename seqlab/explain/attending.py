"""Who looks at whom in a network: the attention of each of its blocks, as it is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from seqlab.batch import Batch, Context
from seqlab.mixers.attention import SelfAttention
from seqlab.model.base import Model
from seqlab.model.encoder_decoder import DecoderBlock


def attention_layers(model: Model) -> list[SelfAttention]:
    """The layers that look at what is read, from the first block on; none of a decoder."""
    written = {
        id(mixer)
        for block in model.modules()
        if isinstance(block, DecoderBlock)
        for mixer in block.modules()
    }
    return [m for m in model.modules() if isinstance(m, SelfAttention) and id(m) not in written]


def attention_maps(model: Model, batch: Batch, forward: Any) -> list[Tensor]:
    """What each layer gives when `forward` runs: (B, H, T, T), each row adds up to 1."""
    layers = attention_layers(model)
    seen: dict[int, Tensor] = {}

    def watch(layer: nn.Module, args: tuple[Any, ...]) -> None:
        assert isinstance(layer, SelfAttention)
        x, context = args[0], args[1] if len(args) > 1 else Context()
        seen[id(layer)] = layer.weights(x, context)

    with ExitStack() as stack:
        for layer in layers:
            stack.callback(layer.register_forward_pre_hook(watch).remove)
        with torch.no_grad():
            forward(model, batch)
    return [seen[id(layer)] for layer in layers if id(layer) in seen]


@contextmanager
def uniform_attention(model: Model) -> Iterator[None]:
    """Within which all that a query sees is looked at alike.

    Wiegreffe & Pinter (2019), Attention is not not explanation: the frozen uniform baseline.
    """
    layers = attention_layers(model)
    projections = [layer.project for layer in layers]
    biases = [layer.position_bias for layer in layers]

    def blind(layer: SelfAttention, project: Any) -> Any:
        def projected(x: Tensor, offset: int = 0) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = project(x, offset)
            return torch.zeros_like(q), k, v

        return projected

    try:
        for layer, project in zip(layers, projections, strict=True):
            layer.project = blind(layer, project)  # type: ignore[method-assign]
            layer.position_bias = None
        yield
    finally:
        for layer, bias in zip(layers, biases, strict=True):
            del layer.project
            layer.position_bias = bias
