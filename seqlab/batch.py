"""What travels from a task's data to a model: inputs, targets, context.

Shape letters, here and everywhere: B batch, T positions, D width, H heads, S memory positions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Context:
    """What a mixer may know besides its input.

    mask              (B, T) bool, true where a position is real; None: all are. Padding is on the
                      right, always
    memory            (B, S, D) what cross-attention reads
    memory_mask       (B, S) bool, true where a memory position is real
    global_positions  (B, T) bool, true where a position attends to and is seen by all
    """

    mask: Tensor | None = None
    memory: Tensor | None = None
    memory_mask: Tensor | None = None
    global_positions: Tensor | None = None

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
    """

    inputs: Tensor
    targets: Tensor | None = None
    context: Context = field(default_factory=Context)
    rows: Any = None
    extra: dict[str, Tensor] = field(default_factory=dict)
    continues: bool = False
    positions: int | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        extra = {name: value.to(device) for name, value in self.extra.items()}
        return Batch(
            _moved(self.inputs, device),
            _moved(self.targets, device),
            self.context.to(device),
            self.rows,
            extra,
            self.continues,
            self.positions,
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
        if self.positions is not None:
            return self.positions
        if self.context.mask is None:
            return int(self.inputs.shape[0] * self.inputs.shape[1])
        return int(self.context.mask.sum())


def _moved(value: Any, device: torch.device | str) -> Any:
    return None if value is None else value.to(device, non_blocking=True)
