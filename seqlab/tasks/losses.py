"""The losses that tasks share, so that what training does to targets is said once."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from seqlab.batch import Softening

IGNORED = -1  # a target that does not count


def cross_entropy(
    logits: Tensor, targets: Tensor, softening: Softening, weight: Tensor | None = None
) -> Tensor:
    """Mean negative log-probability of the targets, in nats: logits (…, C), targets (…) of classes.

    Targets of −1 do not count; `weight` (C) weighs the classes. Labels are smoothed as by Szegedy
    et al. (2016), Rethinking the Inception architecture.
    """
    flat = logits.reshape(-1, logits.shape[-1])

    def loss(wanted: Tensor) -> Tensor:
        return F.cross_entropy(
            flat,
            wanted.reshape(-1),
            weight,
            ignore_index=IGNORED,
            label_smoothing=softening.smoothing,
        )

    return softening.mixed(loss, targets)


def binary_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    softening: Softening,
    weight: Tensor | None = None,
    positive_weight: Tensor | None = None,
) -> Tensor:
    """The same for a yes or no each: logits and targets of one shape, targets of 0 and 1.

    `weight` (2) weighs the two answers; `positive_weight`, of the last dimension, each yes.
    """

    def loss(wanted: Tensor) -> Tensor:
        # The answer weighs an example, not the softened number: look it up before smoothing.
        chosen = None if weight is None else weight[wanted]
        soft = wanted.to(logits.dtype)
        if softening.smoothing:
            soft = soft * (1 - softening.smoothing) + softening.smoothing / 2
        return F.binary_cross_entropy_with_logits(
            logits, soft, weight=chosen, pos_weight=positive_weight
        )

    return softening.mixed(loss, targets)
