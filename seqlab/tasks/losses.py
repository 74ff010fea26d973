"""The losses that tasks share, so that what concerns a loss (label smoothing) is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor
from torch.nn import functional as F

from seqlab.model.mixing import Mix, mixing

IGNORED = -1  # a target that does not count


class Softening:
    """What training does to targets: smoothed labels and mixed examples; and whether it could."""

    def __init__(self, smoothing: float = 0.0, mix: Mix | None = None) -> None:
        self.smoothing, self.mix = smoothing, mix
        self.applied = False

    def mixed(self, loss: Callable[[Tensor], Tensor], targets: Tensor) -> Tensor:
        """A loss of the targets, blended with that of the examples they are mixed with."""
        self.applied = True
        if self.mix is None:
            return loss(targets)
        share, others = self.mix.share, targets[self.mix.rows]
        return share * loss(targets) + (1 - share) * loss(others)


_current = Softening()


@contextmanager
def softened(smoothing: float, mix: Mix | None = None) -> Iterator[Softening]:
    """Smooth labels (Szegedy et al., 2016) and mix examples while a `with` block runs."""
    global _current
    before, _current = _current, Softening(smoothing, mix)
    try:
        with mixing(mix):
            yield _current
    finally:
        _current = before


def cross_entropy(logits: Tensor, targets: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean negative log-probability of the targets, in nats: logits (…, C), targets (…) of classes.

    Targets of −1 do not count; `weight` (C) weighs the classes.
    """
    flat, smoothing = logits.reshape(-1, logits.shape[-1]), _current.smoothing

    def loss(wanted: Tensor) -> Tensor:
        return F.cross_entropy(
            flat, wanted.reshape(-1), weight, ignore_index=IGNORED, label_smoothing=smoothing
        )

    return _current.mixed(loss, targets)


def binary_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    weight: Tensor | None = None,
    positive_weight: Tensor | None = None,
) -> Tensor:
    """The same for a yes or no each: logits and targets of one shape, targets of 0 and 1.

    `weight` (2) weighs the two answers; `positive_weight`, of the last dimension, each yes.
    """
    smoothing = _current.smoothing

    def loss(wanted: Tensor) -> Tensor:
        chosen = None if weight is None else weight[wanted]
        soft = wanted.to(logits.dtype)
        if smoothing:
            soft = soft * (1 - smoothing) + smoothing / 2
        return F.binary_cross_entropy_with_logits(
            logits, soft, weight=chosen, pos_weight=positive_weight
        )

    return _current.mixed(loss, targets)
