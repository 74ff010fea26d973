"""The largest width that does not exceed a parameter budget, counted without memory."""

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

WIDTH_MULTIPLE = 8  # of widths, and so of most head counts
LARGEST_WIDTH = 8192


def width_for(spec: ModelSpec, budget: int, build: Callable[[ModelSpec], Model]) -> int:
    """The largest width, a multiple of the heads and of 8, whose body and head fit the budget.

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
    """A multiple of 8 that the mixer accepts: heads must divide the width."""
    cls: type[Mixer] = registry.load("mixers", spec.mixer)
    return math.lcm(WIDTH_MULTIPLE, cls.width_multiple(**mixer_settings(spec)))
