"""The base of the mixers whose recurrence becomes matrix products over chunks of positions.

Within a chunk all pairs of positions meet in one small matrix, as in attention; from chunk to chunk
only the state travels. The cost is linear in the length. Time decays are kept as logarithms, and
differences are taken before the exponential, so that nothing overflows (Dao & Gu, 2024).
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab import kernels
from seqlab.mixers.base import CellMixer, State, check_choice
from seqlab.mixers.multihead import attention_backend

CHUNK_POSITIONS = 64  # the small matrices of a chunk then fit the second cache level


class ChunkedMixer(CellMixer):
    """A mixer that writes its recurrence as `step` and once more as `in_chunks`."""

    def __init__(self, width: int, backend: str) -> None:
        super().__init__()
        check_choice(type(self), "backend", backend, kernels.BACKENDS)
        self.width = width
        self.chosen_backend = backend

    @abstractmethod
    def in_chunks(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """What `prefill` returns, by matrix products."""

    @property
    def backend(self) -> str:
        """`torch` runs chunks, `reference` one position after the other."""
        return attention_backend(self.chosen_backend, self._parameter())

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """All positions, in chunks unless the reference was asked for."""
        if self.backend == "reference":
            return super().prefill(x, state)
        return self.in_chunks(x, state)


def in_heads(x: Tensor, heads: int) -> Tensor:
    """(…, H·d) → (…, H, d), a view where that is possible."""
    return x.reshape(*x.shape[:-1], heads, -1)


def divided(x: Tensor, size: int) -> Tensor:
    """(B, T, …) → (B, C, size, …), the last chunk filled with zeros."""
    rest = -x.shape[1] % size
    if rest:
        x = F.pad(x, (0, 0) * (x.dim() - 2) + (0, rest))
    return x.reshape(x.shape[0], -1, size, *x.shape[2:])


def joined(x: Tensor, positions: int) -> Tensor:
    """(B, C, size, …) → (B, T, …), without what `divided` filled in."""
    return x.flatten(1, 2)[:, :positions]


def carried(update: Tensor, decay: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """The state at each chunk's start, for S_{c+1} = decay_c S_c + update_c, and after the last.

    update (B, C, …), decay broadcasting to it, state (B, …).
    """
    starts = []
    for change, keep in zip(update.unbind(1), decay.unbind(1), strict=True):
        starts.append(state)
        state = torch.addcmul(change, keep, state)
    return torch.stack(starts, dim=1), state


def between(log_decay: Tensor) -> Tensor:
    """The log of the decay from position s to t, Σ_{s<r≤t}: (…, L) → (…, L, L); −∞ where s > t."""
    total = log_decay.cumsum(dim=-1)
    later = torch.ones(total.shape[-1:] * 2, dtype=torch.bool, device=total.device).triu(1)
    return (total.unsqueeze(-1) - total.unsqueeze(-2)).masked_fill(later, -torch.inf)
