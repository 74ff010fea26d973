"""From scores of positions to the best span: its ends are in order and not too far apart."""

from __future__ import annotations

import torch
from torch import Tensor

OUTSIDE_LOGIT = -50.0  # a logit that is as good as impossible, and finite for smoothed losses


def restricted(logits: Tensor, allowed: Tensor) -> Tensor:
    """Logits (B, T, 2) with what is not allowed (B, T) out of reach."""
    return logits.masked_fill(~allowed.unsqueeze(-1), OUTSIDE_LOGIT)


def best_spans(
    logits: Tensor, context: Tensor, longest: int, none: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """First and last position and probability of the best span, (B,) each.

    logits   (B, T, 2) of starts and ends
    context  (B, T) where answers may lie
    none     (B,) the position that stands for no answer, or None where there always is one
    """
    allowed = context
    if none is not None:
        allowed = context.scatter(1, none.unsqueeze(1), True)
    scores = logits.double().masked_fill(~allowed.unsqueeze(-1), float("-inf")).log_softmax(dim=1)
    start, end = (scores[:, :, i].masked_fill(~context, float("-inf")) for i in (0, 1))  # (B, T)
    T = start.shape[1]
    best = torch.full_like(start[:, 0], float("-inf"))
    first = torch.zeros_like(best, dtype=torch.long)
    last = torch.zeros_like(first)
    for extent in range(min(longest, T)):
        pairs, position = (start[:, : T - extent] + end[:, extent:]).max(dim=1)
        better = pairs > best
        best = torch.where(better, pairs, best)
        first = torch.where(better, position, first)
        last = torch.where(better, position + extent, last)
    if none is not None:
        nothing = scores.gather(1, none.view(-1, 1, 1).expand(-1, 1, 2)).sum(dim=(1, 2))
        better = nothing >= best
        best = torch.where(better, nothing, best)
        first, last = (torch.where(better, none, position) for position in (first, last))
    return first, last, best.exp()
