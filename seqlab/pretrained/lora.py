"""LoRA: beside each frozen matrix of attention two small ones that are trained (Hu et al., 2022).

    y = W x + (α / r) · B A x,    A (r, in) drawn by chance, B (out, r) zero at first

so that training begins with the network as it was.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.errors import UserError

RANK, ALPHA = 8, 16.0
# How query and value are called in the architectures that transformers knows.
TARGETS = ("query", "value", "q_proj", "v_proj", "q_lin", "v_lin", "c_attn", "q", "v")


class LoraLinear(nn.Module):
    """A linear map that stays as it is, with a product of two small matrices beside it.

    transposed: of GPT-2, whose matrices are stored as (in, out).
    """

    def __init__(self, base: nn.Module, transposed: bool) -> None:
        super().__init__()
        self.base = base
        weight = cast(Tensor, base.weight)
        outputs, inputs = weight.shape[::-1] if transposed else weight.shape
        self.lora_A = nn.Parameter(weight.new_empty(RANK, inputs))
        self.lora_B = nn.Parameter(weight.new_zeros(outputs, RANK))
        nn.init.kaiming_uniform_(self.lora_A, a=5**0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) → (…, out)."""
        beside = F.linear(F.linear(x, self.lora_A), self.lora_B)
        return cast(Tensor, self.base(x)) + (ALPHA / RANK) * beside


def add_lora(network: nn.Module) -> None:
    """Put LoRA beside every query and value matrix; raises UserError where there are none."""
    places = [
        (parent, name, child)
        for parent in network.modules()
        for name, child in parent.named_children()
        if name in TARGETS and getattr(child, "weight", None) is not None
    ]
    if not places:
        raise UserError(
            "--freeze lora: this checkpoint has no query and value matrices",
            "accepted: none, embeddings, a number of layers, all-but-head",
        )
    for parent, name, child in places:
        setattr(parent, name, LoraLinear(child, transposed=not isinstance(child, nn.Linear)))
