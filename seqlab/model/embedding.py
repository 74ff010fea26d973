"""Where a model begins: token embedding or value projection, plus positions that are added."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.batch import Mix
from seqlab.errors import UserError
from seqlab.mixers.positions import sinusoidal
from seqlab.model.noise import build_dropout
from seqlab.specs import ModelSpec

UNKNOWN = 1  # the token id of what is not in the vocabulary


class Embedding(nn.Module):
    """(B, T) ids or (B, T, channels) values → (B, T, D)."""

    def __init__(self, spec: ModelSpec, tokens: int, channels: int) -> None:
        super().__init__()
        inner = spec.embedding_width or spec.width
        self.vocabulary = min(tokens, spec.vocabulary or tokens)
        self.table = nn.Embedding(self.vocabulary, inner, padding_idx=0) if tokens else None
        self._initialise_table()  # before anything else draws: alike for all models of a seed
        self.project = nn.Linear(channels, inner) if not tokens else None
        self.widen = nn.Linear(inner, spec.width) if inner != spec.width else None
        self.positions = spec.positions
        self.max_length = spec.max_length
        self.learned = (
            nn.Embedding(spec.max_length, spec.width) if spec.positions == "learned" else None
        )
        self.dropout = build_dropout(spec, spec.embedding_dropout)
        self.scale = 1.0  # of tokens; √D where the table is also an output
        if self.learned is not None:
            nn.init.normal_(self.learned.weight, std=0.02)

    def _initialise_table(self) -> None:
        if self.table is not None:
            nn.init.normal_(self.table.weight, std=0.1)
            with torch.no_grad():
                self.table.weight[0].zero_()

    def forward(self, inputs: Tensor, offset: int = 0, mix: Mix | None = None) -> Tensor:
        """Embed, widen, blend examples, add positions; `offset` positions were read before."""
        if self.table is not None:
            known = torch.where(inputs < self.vocabulary, inputs, UNKNOWN)
            x = self.table(known) if self.scale == 1 else self.table(known) * self.scale
        else:
            assert self.project is not None
            x = self.project(inputs)
        if self.widen is not None:
            x = self.widen(x)
        if mix is not None:  # before positions, which both examples share, and before dropout
            x = mix.blend(x)
        return self.dropout(self._with_positions(x, offset))

    def _with_positions(self, x: Tensor, offset: int) -> Tensor:
        T = offset + x.shape[1]
        if self.positions == "sinusoidal":
            return x + sinusoidal(T, x.shape[2], device=x.device, dtype=x.dtype)[offset:]
        if self.learned is None:
            return x
        if self.max_length < T:
            raise UserError(
                f'positions = "learned": a sequence of {T} positions is longer than the table',
                f"max_length = {self.max_length}: raise it, or use sinusoidal or rotary positions",
            )
        return x + self.learned.weight[offset:T]
