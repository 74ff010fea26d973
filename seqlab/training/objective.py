"""What training asks of the thing it trains for; a task with its data happens to satisfy it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from torch import Tensor, nn

from seqlab.batch import Batch


class LossLike(Protocol):
    """A batch's loss: what to differentiate, and how many targets it averages over."""

    @property
    def value(self) -> Tensor: ...

    @property
    def weight(self) -> float: ...

    @property
    def state(self) -> Any: ...


class Objective(Protocol):
    """Batches to learn from, their loss, and a score by which to choose."""

    higher_is_better: bool

    def steps_per_epoch(self) -> int:
        """How many batches an epoch has, at most give or take a few by the shuffle."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The training batches of an epoch, in an order that the epoch alone decides.

        A thread may make them: they draw from no random state but their own.
        """

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> LossLike:
        """The loss of one batch; `state` is that of the loss of the batch which it continues."""

    def longest(self) -> int:
        """The most positions of a training batch; asked where lengths are warmed up."""

    def shortened(self, batch: Batch, length: int) -> Batch:
        """A batch cut to so many positions, targets with it; asked where lengths are warmed up."""

    def learned(self, score: float) -> bool:
        """Whether a score is beyond what needs no learning; asked in open-ended trainings."""

    def gains(self, score: float, before: float) -> bool:
        """Whether a score is better than one before by as much as matters; asked likewise."""

    def validate(self, model: nn.Module) -> float:
        """The primary metric on the validation part."""
