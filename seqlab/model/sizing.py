"""Models that fill a parameter budget and do not exceed it, counted without memory."""

from __future__ import annotations

import math
from collections.abc import Callable

from seqlab import registry
from seqlab.errors import UserError
from seqlab.mixers.base import Mixer
from seqlab.model.base import Model
from seqlab.model.block import mixer_settings
from seqlab.model.outline import outlined
from seqlab.specs import ModelSpec

ROUND_WIDTH = 4  # of widths where an MLP takes what is left
LARGEST_WIDTH = 8192


def embedding_width(budget: int) -> int:
    """The width of embeddings at a budget, a power of two: about that of its plain models."""
    return int(2 ** round(math.log2(max(16.0, math.sqrt(budget / 25)))))


def embeds(spec: ModelSpec, build: Callable[[ModelSpec], Model]) -> bool:
    """Whether a wider model would have a larger embedding table."""
    step = _grain(spec)
    with outlined():
        few, more = (build(spec.with_(width=n * step)).embedding_parameters() for n in (4, 8))
    return more > few


def sized(
    spec: ModelSpec, budget: int, build: Callable[[ModelSpec], Model], *, fill: bool = True
) -> ModelSpec:
    """A spec at the largest width that fits; its MLP takes what a step of the width leaves.

    `fill` off leaves the MLP as it was declared.
    """
    spec = spec.with_(width=width_for(spec, budget, build))
    if not spec.mlp or not fill:
        return spec

    def wider(hidden: int) -> ModelSpec:
        return spec.with_(mlp=hidden / spec.width)

    def parameters(hidden: int) -> int:
        with outlined():
            return build(wider(hidden)).body_parameters()

    hidden = max(1, round(spec.mlp * spec.width))
    now = parameters(hidden)
    unit = parameters(hidden + 1) - now  # each hidden unit costs the same
    return wider(hidden + (budget - now) // unit)


def width_for(spec: ModelSpec, budget: int, build: Callable[[ModelSpec], Model]) -> int:
    """The largest width, a multiple of the heads, whose body and head fit the budget.

    `build` makes the model of a spec; it is called on the meta device, where tensors have shapes
    but no storage.
    """

    def parameters(width: int) -> int:
        with outlined():
            return build(spec.with_(width=width)).body_parameters()

    step = _grain(spec)
    if parameters(step) > budget:
        raise UserError(
            f"--params {budget}: too small for {spec.mixer} of any width",
            f"the smallest, width {step}, has {parameters(step)} parameters in body and head",
        )
    low, high = 1, LARGEST_WIDTH // step
    while low < high:  # parameters grow with the width: bisect
        middle = (low + high + 1) // 2
        if parameters(middle * step) <= budget:
            low = middle
        else:
            high = middle - 1
    return low * step


def _grain(spec: ModelSpec) -> int:
    """The step of widths: heads must divide it, sinusoidal positions come in pairs."""
    cls: type[Mixer] = registry.load("mixers", spec.mixer)
    least = ROUND_WIDTH if spec.mlp else 2 if spec.positions == "sinusoidal" else 1
    return math.lcm(least, cls.width_multiple(**mixer_settings(spec)))
