"""Blocks one after the other, over all positions of a batch or over the real ones alone."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.model.block import Block
from seqlab.model.packing import Packing

WORTHWHILE_PADDING = 0.2  # share of positions from which leaving padding out saves time


class Stack(nn.ModuleList):
    """(B, T, D) → (B, T, D).

    packing  whether training leaves padding out of all that looks at one position: True, False, or
             None for where that pays: in batches with much padding, under blocks with MLPs, on a
             CPU (an accelerator would have to wait until the places are known)
    """

    packing: bool | None = False

    def forward(self, x: Tensor, context: Context, norm: nn.Module) -> Tensor:
        """Through all blocks, then the norm; padding is zero where it was left out."""
        packing = self._packing(context.mask)
        if packing is not None:
            x = packing.pack(x)
        for block in self:
            x = block(x, context, packing)
        x = norm(x)
        return x if packing is None else packing.pad(x)

    def _packing(self, mask: Tensor | None) -> Packing | None:
        """Where the real positions stand, if padding is to be left out."""
        if mask is None or self.packing is False or not self.training:
            return None
        if self.packing or self._pays(mask):
            return Packing(mask)
        return None

    def _pays(self, mask: Tensor) -> bool:
        if torch.compiler.is_compiling():  # for which a number of positions that changes is costly
            return False
        heavy = all(cast(Block, block).mlp is not None for block in self)
        return (
            heavy
            and mask.device.type == "cpu"
            and 1 - float(mask.float().mean()) >= WORTHWHILE_PADDING
        )


def pack_tokens(model: nn.Module, packing: bool | None) -> None:
    """Whether training leaves padding out; None: where that pays."""
    for module in model.modules():
        if isinstance(module, Stack):
            module.packing = packing
