"""Tasks that ask a sequence model once: ids or values and a mask in, the head's outputs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.forms.form import BATCH, TIME, Form, Port
from seqlab.export.runtime import Session
from seqlab.model.base import Model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask

LENGTHS = (1, 2, 63, 64, 65, 130)  # both sides of what chunks of 64 positions would freeze


class RowForm(Form):
    """inputs (B, T) or (B, T, F) and mask (B, T) → outputs (B, …), or (B, T, …) a position."""

    def __init__(self, task: RowTask, model: Model | None) -> None:
        self.task, self.model = task, model
        self.fixed = task.inputs.length
        time = {} if self.fixed else {1: TIME}
        self.inputs = (Port("inputs", {0: BATCH, **time}),)
        if not self.fixed:
            self.inputs += (Port("mask", {0: BATCH, 1: TIME}),)
        every = {1: TIME} if task.inputs.per_position and not self.fixed else {}
        self.outputs = (Port("outputs", {0: BATCH, **every}),)

    @property
    def network(self) -> nn.Module:
        assert self.model is not None
        return RowNetwork(self.model)

    def lengths(self, examples: Examples) -> Sequence[int | None]:
        """Those around chunks, and the longest of the examples; as far as the model reads them."""
        if self.fixed:
            return [None]
        longest = self.task.inputs.longest or int(self.task.reader.lengths(examples).max())
        tried = sorted({*LENGTHS, longest})
        return [length for length in tried if self._reads(examples, length)]

    def _reads(self, examples: Examples, length: int) -> bool:
        """Whether the model itself can read so many positions: tables of positions may end."""
        inputs, mask = self.arguments(examples, 1, length)
        try:
            with torch.inference_mode():
                self.network(inputs, mask)
        except UserError:
            return False
        return True

    def arguments(self, examples: Examples, rows: int, length: int | None) -> tuple[Tensor, ...]:
        """Examples one after the other, read on and on, until there are enough positions."""
        batches = self.task.reader.batches(examples, 64, 65536, None)
        if length is None:
            values = np.concatenate([read.values for read in batches])
            return (_as_tensor(np.resize(values, (rows, *values.shape[1:]))),)
        positions = np.concatenate([_real(read.values, read.mask) for read in batches])
        own = np.minimum(np.resize(self.task.reader.lengths(examples), rows), length)
        own[0] = length
        needed = np.resize(positions, (rows * length, *positions.shape[1:]))
        values = needed.reshape(rows, length, *positions.shape[1:])
        mask = np.arange(length) < np.maximum(own, 1)[:, None]
        values = np.where(mask.reshape(*mask.shape, *[1] * (values.ndim - 2)), values, 0)
        return _as_tensor(values), torch.from_numpy(mask)

    def predict(self, session: Session, examples: Examples) -> Predictions:
        return predict_all(self.task, SessionModel(session), examples)

    def compared(
        self, outputs: Sequence[NDArray[Any]], arguments: Sequence[NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """Real positions: nobody reads what stands at the others."""
        if not self.task.inputs.per_position or self.fixed:
            return super().compared(outputs, arguments)
        return [np.asarray(output)[np.asarray(arguments[1])] for output in outputs]


class RowNetwork(nn.Module):
    """A model whose context is a tensor among the others."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The head's outputs."""
        outputs: Tensor = self.model(inputs, Context(mask))
        return outputs


class SessionModel(nn.Module):
    """A session in the place of a model: the same arguments, the same outputs."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """As `Model.forward`."""
        mask = context.mask
        if mask is None:
            mask = torch.ones(inputs.shape[:2], dtype=torch.bool)
        outputs = self.session.run({"inputs": inputs.numpy(), "mask": mask.numpy()})
        return torch.from_numpy(outputs[0])


def _real(values: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[Any]:
    """The positions that are real, one after the other."""
    return values.reshape(-1, *values.shape[2:]) if mask is None else values[mask]


def _as_tensor(values: NDArray[Any]) -> Tensor:
    whole = np.issubdtype(values.dtype, np.integer)
    return torch.from_numpy(values.astype(np.int64 if whole else np.float32))
