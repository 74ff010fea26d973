"""The losses that tasks share, so that what concerns a loss (label smoothing) is said once."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

IGNORED = -1  # a target that does not count


def cross_entropy(logits: Tensor, targets: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean negative log-probability of the targets, in nats: logits (…, C), targets (…) of classes.

    Targets of −1 do not count; `weight` (C) weighs the classes.
    """
    return F.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), weight, ignore_index=IGNORED
    )
