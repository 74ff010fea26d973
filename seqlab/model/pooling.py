"""From all positions to one vector per sequence; padding never counts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.errors import UserError


class Pooling(nn.Module):
    """(B, T, D), mask (B, T) or None → (B, D), or (B, T·D) for `flatten`."""

    def __init__(self, kind: str, width: int, length: int | None) -> None:
        super().__init__()
        if kind == "flatten" and length is None:
            raise UserError(
                'pooling = "flatten": sequences of this task differ in length',
                "accepted here: last, mean, max, attention",
            )
        self.kind = kind
        self.width = width * length if kind == "flatten" and length else width
        self.query = nn.Linear(width, 1) if kind == "attention" else None

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Pool the real positions."""
        if self.kind == "flatten":
            return x.flatten(1)
        if self.kind == "last":
            return _last(x, mask)
        if mask is None:
            mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        if self.kind == "max":
            return x.masked_fill(~mask.unsqueeze(-1), float("-inf")).amax(dim=1)
        if self.query is not None:
            scores = self.query(x).squeeze(-1).masked_fill(~mask, float("-inf"))  # (B, T)
            return torch.einsum("bt,btd->bd", scores.softmax(dim=-1), x)
        weights = mask.to(x.dtype)
        total = torch.einsum("bt,btd->bd", weights, x)
        return total / weights.sum(dim=1, keepdim=True).clamp(min=1)


def _last(x: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return x[:, -1]
    last = (mask.sum(dim=1) - 1).clamp(min=0)
    return x[torch.arange(x.shape[0], device=x.device), last]
