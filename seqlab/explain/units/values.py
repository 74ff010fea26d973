"""What all inputs of numbers share: stretches of channels or patches, and values without some."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.explain.units.base import Array, Flags, Removal, Rows, Units
from seqlab.tasks.row_task import EXAMPLE_OF_SEQUENCE, RowTask

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch

Values = NDArray[Any]
READ_AT_ONCE = 64  # altered versions of an example


class ValueUnits(Units):
    """Values of examples lie in an array of them, `key`; subclasses say which unit each is of.

    What a model reads of a unit is found by giving it the unit alone, so that no way of cutting
    values into positions needs to be known here.
    """

    noun = "stretch"
    key: str

    def __init__(self, task: RowTask, examples: Examples, background: Examples) -> None:
        self.task, self.examples, self.background = task, examples, background

    @abstractmethod
    def unit_map(self, row: int) -> Rows:
        """The unit of each value of an example, in the shape of its values."""

    @abstractmethod
    def neutral(self, row: int) -> Values:
        """What says nothing in the place of each value, to be broadcast."""

    def joined(self, values: Values, hidden: Flags, row: int) -> Values:
        """What is hidden as if it were not there: channels joined by lines, as far as they can."""
        found = values.astype(np.float64)
        steps = np.arange(len(values))
        for channel in np.flatnonzero(hidden.any(axis=0)):
            away = hidden[:, channel]
            if away.all():
                found[:, channel] = np.broadcast_to(self.neutral(row), values.shape)[:, channel]
            else:
                found[away, channel] = np.interp(steps[away], steps[~away], found[~away, channel])
        return found.astype(values.dtype)

    def values(self, examples: Examples, row: int) -> Values:
        """The values of an example."""
        stored = examples.arrays[self.key]
        return np.asarray(stored[row])

    def without(
        self, rows: Rows, removed: Sequence[Flags], how: Removal, rng: np.random.Generator
    ) -> Examples:
        changed = [
            self._changed(int(row), np.append(flags, False)[self.unit_map(int(row))], how, rng)
            for row, flags in zip(rows, removed, strict=True)
        ]
        taken = self.examples.take(rows)
        ragged = isinstance(taken.arrays[self.key], Ragged)
        stored = Ragged.of(changed) if ragged else np.stack(changed)
        return replace(taken, arrays={**taken.arrays, self.key: stored})

    def _changed(self, row: int, hidden: Flags, how: Removal, rng: np.random.Generator) -> Values:
        values = self.values(self.examples, row)
        if how == "mask":
            return np.where(hidden, self.neutral(row), values).astype(values.dtype)
        if how == "delete":
            return self.joined(values, hidden, row)
        other = self.values(self.background, int(rng.integers(len(self.background))))
        place = np.minimum(np.arange(len(values)), len(other) - 1)
        return np.where(hidden, other[place], values).astype(values.dtype)

    def baseline(self, batch: Batch, entered: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The same positions of values that say nothing."""
        (whole,) = entered
        found = whole.clone()
        for place, row in enumerate(batch.rows):
            mine = _sequences_of(batch, place)
            read = self._read(int(row), [np.ones(self.count(int(row)), dtype=bool)])
            found[mine, : read.shape[2]] = found.new_tensor(read[0])
        return (found,)

    def sums(
        self, batch: Batch, pulls: Sequence[Tensor], gradients: Sequence[Tensor]
    ) -> list[Array]:
        """Each number that a model reads is shared by the units that it was made of."""
        numbers = pulls[0].double().cpu().numpy()
        found = []
        for place, row in enumerate(batch.rows):
            mine, count = _sequences_of(batch, place), self.count(int(row))
            versions = [np.ones(count, dtype=bool), *(~np.eye(count, dtype=bool))]
            read = self._read(int(row), versions)  # (1 + units, N, T, F)
            parts = np.abs(read[1:].astype(np.float64) - read[0])
            total = parts.sum(axis=0)
            shares = np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)
            own = numbers[mine, : read.shape[2]]
            found.append(np.einsum("untf,ntf->u", shares, own))
        return found

    def _read(self, row: int, removed: Sequence[Flags]) -> Values:
        """What a model reads of versions of an example, (versions, sequences, T, F)."""
        parts = []
        for start in range(0, len(removed), READ_AT_ONCE):
            some = removed[start : start + READ_AT_ONCE]
            rows = np.full(len(some), row, dtype=np.int64)
            altered = self.without(rows, some, "mask", np.random.default_rng(0))
            parts += list(self._inputs(altered))
        return np.stack(parts)

    def _inputs(self, examples: Examples) -> Iterator[Values]:
        """Of each example its sequences (N, T, F), in the examples' order."""
        found: dict[int, Values] = {}
        for batch in self.task.batches(examples, READ_AT_ONCE, 2**20, None):
            for place, row in enumerate(batch.rows):
                found[int(row)] = batch.inputs[_sequences_of(batch, place)].numpy()
        for row in range(len(examples)):
            yield found[row]


def _sequences_of(batch: Batch, place: int) -> Any:
    """Which sequences of a batch are of its example at a place."""
    of = batch.extra.get(EXAMPLE_OF_SEQUENCE)
    return slice(place, place + 1) if of is None else of == place


def stretches(length: int, count: int) -> list[tuple[int, int]]:
    """`count` stretches of a length, as equal as can be, each from, up to."""
    ends = np.linspace(0, length, min(count, length) + 1).round().astype(int)
    return list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))


def span_name(start: int, end: int) -> str:
    """Steps from 1 on, as people count them."""
    return f"{start + 1}" if end == start + 1 else f"{start + 1}–{end}"
