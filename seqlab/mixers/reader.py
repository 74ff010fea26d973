"""Mixers that read a memory: their positions look at another sequence, not at each other.

Their state is what they made of the memory; it begins with a context and never changes.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple, NoReturn

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.base import State, StreamingMixer, check_input, check_state
from seqlab.mixers.states import tensors_of


class MemoryReader(StreamingMixer):
    """x (B, T, D) and context.memory (B, S, D) → (B, T, D); abstract."""

    def initial_state(self, batch: int) -> NoReturn:
        """There is none without a memory: see `begin`."""
        raise self._no_memory()

    @abstractmethod
    def begin(self, batch: int, context: Context) -> State:
        """What is read of the context's memory, (B, S, D)."""

    @abstractmethod
    def weights(self, x: Tensor, context: Context) -> Tensor:
        """Who reads what: (B, H, T, S), each row sums to 1."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """One position."""
        y, state = self.prefill(x_t[:, None], state)
        return y[:, 0], state

    def state_bytes(self, length: int) -> int:
        """Bytes of what is kept of a memory of `length` positions."""
        state = self.begin(1, Context(memory=self.zeros(1, length, self.width)))
        return sum(t.numel() * t.element_size() for t in tensors_of(state))

    def memory_of(self, batch: int, context: Context) -> Tensor:
        """The context's memory, if it is there and fits."""
        memory = context.memory
        if memory is None:
            raise self._no_memory()
        if memory.shape[0] != batch or memory.shape[2] != self.width:
            raise UserError(
                f'mixer "{self.name}" was given a memory of shape {tuple(memory.shape)}, '
                f"expected ({batch}, memory positions, {self.width})"
            )
        return memory

    def _no_memory(self) -> UserError:
        return UserError(
            f'mixer "{self.name}" reads a memory, and the context holds none',
            "give Context(memory=…) of shape (batch, memory positions, width)",
        )


class AlignmentState(NamedTuple):
    """The memory and its keys, both (B, S, D), and which of them are real (B, S)."""

    memory: Tensor
    keys: Tensor
    real: Tensor


class Alignment(MemoryReader):
    """The attention of recurrent decoders: a score for each pair, then one joined vector; abstract.

    a_ts = softmax_s e_ts,   c_t = Σ_s a_ts m_s,   y_t = tanh(W_c [c_t ; x_t])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.join = nn.Linear(2 * width, width, bias=False)
        nn.init.xavier_uniform_(self.join.weight)

    @abstractmethod
    def keys(self, memory: Tensor) -> Tensor:
        """What queries are compared with, once for each memory: (B, S, D) → (B, S, D)."""

    @abstractmethod
    def scores(self, x: Tensor, keys: Tensor) -> Tensor:
        """e (B, T, S) from x (B, T, D) and keys (B, S, D)."""

    def begin(self, batch: int, context: Context) -> AlignmentState:
        """The memory with its keys."""
        memory, real = self.memory_of(batch, context), context.memory_mask
        if real is None:
            real = torch.ones(memory.shape[:2], dtype=torch.bool, device=memory.device)
        # A memory that is all padding is read whole: without any key a softmax has no value.
        real = real | ~real.any(dim=1, keepdim=True)
        return AlignmentState(memory, self.keys(memory), real)

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Every position reads the whole memory."""
        check_state(self, state, AlignmentState, x.shape[0])
        memory, keys, real = state
        c = self._aligned(x, keys, real) @ memory  # (B, T, D)
        return torch.tanh(self.join(torch.cat((c, x), dim=-1))), state

    def weights(self, x: Tensor, context: Context) -> Tensor:
        """Who reads what: (B, 1, T, S)."""
        check_input(self, x)
        _, keys, real = self.begin(x.shape[0], context)
        return self._aligned(x, keys, real)[:, None]

    def _aligned(self, x: Tensor, keys: Tensor, real: Tensor) -> Tensor:
        return self.scores(x, keys).masked_fill(~real[:, None], -torch.inf).softmax(dim=-1)
