"""Training steps of mixers, of the layers they are measured against, and of the products alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from seqlab import registry
from seqlab.batch import Context
from seqlab.mixers.base import Mixer, setting_defaults

Step = Callable[[], object]
SHAPE = (8, 512, 128)


def built(name: str, width: int, longest: int, **settings: Any) -> Mixer:
    """A mixer by name; causal where it can be, and long enough where it has a limit."""
    card, cls = registry.card("mixers", name), registry.load("mixers", name)
    if "max_length" in setting_defaults(cls):
        settings["max_length"] = longest
    mixer: Mixer = cls.build(width, causal=card["streams"], **settings)
    return mixer


def training_step(
    run: Callable[[Tensor], Tensor], shape: tuple[int, int, int], outputs: int | None = None
) -> Step:
    """Forward and backward, the gradient of the input included; as many outputs as inputs."""
    x = torch.randn(shape, requires_grad=True)
    gradient = torch.randn(*shape[:2], outputs or shape[2])
    return lambda: torch.autograd.backward(run(x), gradient)


def mixer_step(mixer: Mixer, shape: tuple[int, int, int]) -> Step:
    """A training step of a mixer; what wants a memory reads its own input."""
    return training_step(lambda x: mixer(x, Context(memory=x)), shape)


def products_step(*layers: tuple[int, int], shape: tuple[int, int, int] = SHAPE) -> Step:
    """The training steps of linear layers (inputs, outputs) over all positions, nothing else."""
    steps = [
        training_step(nn.Linear(inputs, outputs, bias=False), (*shape[:2], inputs), outputs)
        for inputs, outputs in layers
    ]
    return lambda: [step() for step in steps]


def mingru_contest() -> Mapping[str, Step]:
    """minGRU against the package minGRU-pytorch."""
    from minGRU_pytorch.minGRU import minGRU

    width = SHAPE[2]
    return {
        "ours": mixer_step(built("mingru", width, 0), SHAPE),
        "peer": training_step(minGRU(width), SHAPE),
        "products": products_step((width, 2 * width)),
    }


def mamba2_contest(heads: int, state: int, chunk: int) -> Mapping[str, Step]:
    """Mamba-2 against the layer of transformers' Mamba2Model, in its chunks or in shorter ones."""
    from transformers import Mamba2Config
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    width = SHAPE[2]
    config = Mamba2Config(
        hidden_size=width, num_heads=heads, head_dim=2 * width // heads, state_size=state,
        n_groups=1, chunk_size=chunk, num_hidden_layers=1,
    )  # fmt: skip
    projected = 4 * width + 2 * state + heads
    return {
        "ours": mixer_step(built("mamba2", width, 0, heads=heads, state=state), SHAPE),
        "peer": training_step(Mamba2Mixer(config, 0).train(), SHAPE),
        "products": products_step((width, projected), (2 * width, width)),
    }
