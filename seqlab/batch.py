"""What travels from a task's data to a model and its loss: inputs, targets, context.

Shape letters, here and everywhere: B batch, T positions, D width, H heads, S memory positions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from seqlab.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Mix:
    """Mixup in embedding space: whom each example is blended with, (B,) rows, and its own share λ.

        x̃_i = λ x_i + (1 − λ) x_π(i),   and the loss of ỹ_i likewise

    Zhang et al. (2018), mixup; on embeddings, Guo et al. (2019), Augmenting data with mixup.
    """

    rows: Tensor
    share: float

    def blend(self, x: Tensor) -> Tensor:
        """x (B, …), each row with its other."""
        if len(x) != len(self.rows):  # the rows of pieces would be those of other examples
            raise UserError(
                "train.mixup: this model reads long inputs in pieces, which cannot be mixed",
                "accepted here: 0, or a window as long as the longest input",
            )
        return self.share * x + (1 - self.share) * x[self.rows]

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Mix:
        """The same on another device."""
        return Mix(self.rows.to(device, non_blocking=non_blocking), self.share)


@dataclass
class Softening:
    """What training does to targets that are classes: smoothed labels and mixed examples.

    `applied` tells whether a loss has read it: what has no classes must not pass it over silently.
    """

    smoothing: float = 0.0
    mix: Mix | None = None
    applied: bool = False

    def mixed(self, loss: Callable[[Tensor], Tensor], targets: Tensor) -> Tensor:
        """A loss of the targets, blended with that of the examples they are mixed with."""
        self.applied = True
        if self.mix is None:
            return loss(targets)
        if len(targets) != len(self.mix.rows):
            raise UserError(
                "train.mixup: these targets are not one for each example", "accepted here: 0"
            )
        share, others = self.mix.share, targets[self.mix.rows]
        return share * loss(targets) + (1 - share) * loss(others)


@dataclass(frozen=True)
class Context:
    """What a mixer may know besides its input.

    mask              (B, T) bool, true where a position is real; None: all are. Padding is on the
                      right, always
    memory            (B, S, D) what cross-attention reads
    memory_mask       (B, S) bool, true where a memory position is real
    global_positions  (B, T) bool, true where a position attends to and is seen by all
    mix               whom each example is blended with where it is embedded; training alone
    """

    mask: Tensor | None = None
    memory: Tensor | None = None
    memory_mask: Tensor | None = None
    global_positions: Tensor | None = None
    mix: Mix | None = None

    def to(self, device: torch.device | str) -> Context:
        """The same context on another device."""
        return Context(*(_moved(getattr(self, f.name), device) for f in fields(self)))


@dataclass(frozen=True)
class Batch:
    """Examples that go through a model together.

    inputs   (B, T) token ids, or (B, T, channels) values
    targets  whatever the task's loss reads, examples first
    rows     (B,) the examples' row numbers in their part, so that predictions find their way home
    extra    what else the loss reads
    continues  whether row i goes on where row i of the batch before ended (stateful batching)
    positions  what a model reads of this batch, where that is not the inputs' own positions
               (patches of a look-back, say)
    softening  what training does to the targets; the shared losses (`tasks/losses.py`) take it
    filler     whether it stands in for no batch at all, so that its loss does not count
    """

    inputs: Tensor
    targets: Tensor | None = None
    context: Context = field(default_factory=Context)
    rows: Any = None
    extra: dict[str, Tensor] = field(default_factory=dict)
    continues: bool = False
    positions: int | None = None
    softening: Softening = field(default_factory=Softening)
    filler: bool = False

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        return replace(
            self,
            inputs=_moved(self.inputs, device),
            targets=_moved(self.targets, device),
            context=self.context.to(device),
            extra={name: value.to(device) for name, value in self.extra.items()},
        )

    def cut(self, length: int, targets: bool) -> Batch:
        """The first `length` positions of each sequence; with `targets`, of the targets as well."""
        if self.inputs.shape[1] <= length:
            return self
        assert self.positions is None, "a model that reads other positions"
        mask, marked = (
            None if of is None else of[:, :length]
            for of in (self.context.mask, self.context.global_positions)
        )
        if mask is not None and bool(mask.all()):
            mask = None
        context = replace(self.context, mask=mask, global_positions=marked)
        wanted = self.targets[:, :length] if targets and self.targets is not None else self.targets
        return replace(self, inputs=self.inputs[:, :length], targets=wanted, context=context)

    @property
    def tokens(self) -> int:
        """Positions that a model reads of the batch, padding not counted."""
        if self.filler:
            return 0
        if self.positions is not None:
            return self.positions
        if self.context.mask is None:
            return int(self.inputs.shape[0] * self.inputs.shape[1])
        return int(self.context.mask.sum())


def _moved(value: Any, device: torch.device | str) -> Any:
    return None if value is None else value.to(device, non_blocking=True)
