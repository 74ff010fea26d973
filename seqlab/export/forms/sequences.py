"""Tasks that ask a sequence model once: ids or values and a mask in, the head's outputs out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqlab.batch import Batch, Context
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.forms.form import BATCH, TIME, Form, Port, some_of
from seqlab.export.runtime import Session
from seqlab.model.base import Model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import Predictions, Task

LENGTHS = (1, 2, 63, 64, 65, 130)  # both sides of what chunks of 64 positions would freeze


class SequenceForm(Form):
    """inputs (B, T) or (B, T, F) and mask (B, T) → outputs (B, …), or (B, T, …) a position.

    Sequences of one length need no mask, and neither do those that only ever look back.
    """

    output_names: tuple[str, ...] = ("outputs",)

    def __init__(self, task: Task, model: Model | None) -> None:
        self.task, self.model, read = task, model, task.inputs
        self.fixed = read.length is not None
        time = {} if self.fixed else {1: TIME}
        self.inputs = (Port("inputs", {0: BATCH, **time}),)
        if not self.fixed and not read.causal:
            self.inputs += (Port("mask", {0: BATCH, 1: TIME}),)
        each = time if read.per_position else {}
        self.outputs = tuple(Port(name, {0: BATCH, **each}) for name in self.output_names)

    @cached_property
    def network(self) -> nn.Module:
        assert self.model is not None
        return SequenceNetwork(self.model).eval()

    def lengths(self, examples: Examples) -> Sequence[int | None]:
        """Those around chunks, and the longest of the examples; as far as the model reads them."""
        if self.fixed:
            return [None]
        longest = self.task.inputs.longest or max(len(one) for one in self._real(examples))
        return [n for n in sorted({*LENGTHS, longest}) if self.reads(examples, n)]

    def reads(self, examples: Examples, length: int) -> bool:
        """Whether the model itself can read so many positions: tables of positions may end."""
        try:
            with torch.inference_mode():
                self.network(*self.arguments(examples, 1, length))
        except UserError:
            return False
        return True

    def arguments(self, examples: Examples, rows: int, length: int | None) -> tuple[Tensor, ...]:
        """Examples one after the other, read on and on, until there are enough positions."""
        real = self._real(examples)
        if length is None:
            return (torch.stack([real[row % len(real)] for row in range(rows)]),)
        own = [min(len(real[row % len(real)]), length) for row in range(rows)]
        own[0] = length
        positions = torch.cat(real)
        times = -(-rows * length // len(positions))
        values = torch.cat([positions] * times)[: rows * length]
        values = values.reshape(rows, length, *positions.shape[1:])
        mask = torch.arange(length) < torch.tensor(own)[:, None]
        if len(self.inputs) == 1:
            return (values,)
        values = values * mask.reshape(*mask.shape, *[1] * (values.dim() - 2)).to(values.dtype)
        return values, mask

    def _real(self, examples: Examples) -> list[Tensor]:
        """The real positions of each sequence, of some of the examples."""
        batches = self.task.batches(some_of(examples), 64, 65536, None)
        return [one for batch in batches for one in _without_padding(batch)]

    def predict(self, session: Session, examples: Examples) -> Predictions:
        return predict_all(self.task, SessionModel(session), examples)

    def compared(
        self, outputs: Sequence[NDArray[Any]], arguments: Sequence[NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """Real positions: nobody reads what stands at the others."""
        if not self.task.inputs.per_position or len(arguments) == 1:
            return super().compared(outputs, arguments)
        return [np.asarray(output)[np.asarray(arguments[1])] for output in outputs]


class SequenceNetwork(nn.Module):
    """A model whose context is a tensor among the others."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Any:
        """The head's outputs."""
        return self.model(inputs, Context(mask))


class SessionModel(nn.Module):
    """A session in the place of a model: the same arguments, the same outputs."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """As `Model.forward`."""
        return torch.from_numpy(self.outputs(inputs, context)[0])

    def outputs(self, inputs: Tensor, context: Context) -> list[NDArray[Any]]:
        """Every output of the file."""
        mask = context.mask
        if mask is None:
            mask = torch.ones(inputs.shape[:2], dtype=torch.bool)
        return self.session.run({"inputs": inputs.numpy(), "mask": mask.numpy()})


def _without_padding(batch: Batch) -> list[Tensor]:
    mask = batch.context.mask
    rows = list(batch.inputs)
    if mask is None:
        return rows
    return [row[real] for row, real in zip(rows, mask, strict=True) if bool(real.any())]
