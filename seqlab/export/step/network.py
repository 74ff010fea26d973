"""A model that streams as a network of one position: x and a state in, an answer and a state out.

Where the model pools, the pool is part of the state: the answer at each position is what the model
says of the sequence up to there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn

from seqlab.errors import UserError
from seqlab.export.scanning import restored
from seqlab.export.step.pooling import StepPooling, step_pooling
from seqlab.mixers.base import State, StreamingMixer
from seqlab.mixers.positions import sinusoidal_at
from seqlab.mixers.states import tensors_of
from seqlab.model.block import Block
from seqlab.model.sequence_model import SequenceModel

COUNTED = ("sinusoidal", "learned")  # positions that are added, so that a step must know its place


class StepNetwork(nn.Module):
    """x (B, 1) or (B, 1, F), position () int64 where positions are added, then the states, each
    (B, …) → the head's output (B, …), then the states after it.
    """

    def __init__(self, model: SequenceModel) -> None:
        super().__init__()
        self.pool: StepPooling = step_pooling(model)
        self.like = model.initial_state(1).mixers  # refuses what reads whole sequences
        _refuse_counters(model, self.like)
        model = copy.deepcopy(model).eval()
        for block in model.blocks:
            block = cast(Block, block)
            block.mixer = OneStep(cast(StreamingMixer, block.mixer))
        self.counted = model.embedding.positions if model.embedding.positions in COUNTED else ""
        self.table = model.embedding.learned
        model.embedding.positions, model.embedding.learned = "none", None
        self.model = model
        self.empty = [tensor.numel() == 0 for tensor in self._leaves_after(2)]

    def forward(self, x: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        """One position further."""
        given = list(others)
        place = given.pop(0) if self.counted else None
        pools, states = given[: self.pool.count], given[self.pool.count :]
        y = self.model.embedding(x)
        if place is not None:
            y = y + self._at(place)
        after: list[Tensor] = []
        for block, state in zip(self.model.blocks, self._states(states, x.shape[0]), strict=True):
            y, state = cast(Block, block).stream(y, state)
            after += tensors_of(state)
        y = self.model.norm(y)[:, 0]
        pooled, pools = self.pool(y, pools)
        kept = [one.clone() for one, empty in zip(after, self.empty, strict=True) if not empty]
        return (self.model.head(pooled), *pools, *kept)

    def _at(self, place: Tensor) -> Tensor:
        """What is added at a position, (1, D)."""
        if self.table is not None:
            row: Tensor = self.table(place.reshape(1))
            return row
        weight = next(self.model.parameters())
        return sinusoidal_at(place.reshape(1).to(weight.dtype), self.model.spec.width)

    def _states(self, tensors: list[Tensor], batch: int) -> Iterator[State]:
        """The mixers' states; those that never hold anything are made here."""
        given, flags = iter(tensors), iter(self.empty)
        for like in self.like:
            leaves = []
            for leaf in tensors_of(like):
                empty = next(flags)
                leaves.append(leaf.new_zeros(batch, *leaf.shape[1:]) if empty else next(given))
            yield restored(like, leaves)

    def first_states(self, batch: int) -> list[Tensor]:
        """Pool and states before the first position, as `forward` takes them."""
        leaves = [t for s in self.model.initial_state(batch).mixers for t in tensors_of(s)]
        kept = [leaf for leaf, empty in zip(leaves, self.empty, strict=True) if not empty]
        return [*self.pool.first(batch), *kept]

    def _leaves_after(self, steps: int) -> list[Tensor]:
        """The mixers' state tensors of one sequence after some positions."""
        state, width = self.model.initial_state(1).mixers, self.model.spec.width
        for _ in range(steps):
            mixers = (cast(Block, block).mixer for block in self.model.blocks)
            pairs = zip(mixers, state, strict=True)
            with torch.no_grad():
                state = tuple(
                    cast(StreamingMixer, m).prefill(torch.zeros(1, 1, width), s)[1]
                    for m, s in pairs
                )
        return [tensor for one in state for tensor in tensors_of(one)]

    def growing(self) -> list[int | None]:
        """Of each state that `forward` takes, the axis that grows with the positions."""
        shorter, longer = self._leaves_after(2), self._leaves_after(3)
        axes: list[int | None] = [None] * self.pool.count
        for a, b, empty in zip(shorter, longer, self.empty, strict=True):
            if not empty:
                grown = [k for k, (m, n) in enumerate(zip(a.shape, b.shape, strict=True)) if m != n]
                axes.append(grown[0] if grown else None)
        return axes


class OneStep(StreamingMixer):
    """A mixer whose many positions are one: its own `step`."""

    name = "one-step"

    def __init__(self, inner: StreamingMixer) -> None:
        super().__init__()
        self.width, self.inner = inner.width, inner

    def initial_state(self, batch: int) -> State:
        return self.inner.initial_state(batch)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return self.inner.step(x_t, state)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        y, state = self.inner.step(x[:, 0], state)
        return y[:, None], state


def _refuse_counters(model: SequenceModel, states: tuple[State, ...]) -> None:
    """A count within a state would be fixed at that of the example."""

    def counts(value: Any) -> bool:
        if isinstance(value, tuple | list):
            return any(counts(part) for part in value)
        return not isinstance(value, Tensor)

    if any(counts(state) for state in states):
        raise UserError(
            f'mixer "{model.spec.mixer}" counts its positions within its state, which a step file '
            "cannot",
            "leave --step out; seqlab mixers lists others that stream",
        )
