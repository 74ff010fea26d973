"""Documents beyond the window: chunks are read one by one and pooled into one vector.

Mean pooling weighs a chunk by its length; under the linear head of a task it is the same as
averaging the chunks' outputs. Attention pooling learns which chunks count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.batch import Context
from seqlab.model.pooling import Pooling
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec


class ChunkedModel(SequenceModel):
    """(B, T) ids of documents → what the head gives for each; a chunk has `window` positions."""

    def __init__(self, spec: ModelSpec, *, tokens: int, window: int, pooling: str) -> None:
        super().__init__(spec, tokens=tokens)
        self.window = window
        self.over_chunks: nn.Module | None = (
            Pooling("attention", self.head_width, None) if pooling == "attention" else None
        )

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """One output per document."""
        B, W = len(inputs), self.window
        mask = context.mask if context.mask is not None else torch.ones_like(inputs).bool()
        missing = -inputs.shape[1] % W
        ids = F.pad(inputs, (0, missing)).reshape(-1, W)  # (B·N, W)
        real = F.pad(mask, (0, missing)).reshape(-1, W)
        held = real.any(dim=1)  # chunks beyond a document's end are not read
        x = self.hidden(ids[held], replace(context, mask=real[held]))
        assert self.pooling is not None
        pooled = self.pooling(x, real[held])  # (chunks, D)
        vectors = pooled.new_zeros(len(ids), pooled.shape[1]).masked_scatter(
            held.unsqueeze(1), pooled
        )
        return cast(
            Tensor,
            self.head(
                self.dropout(self._document(vectors.view(B, -1, pooled.shape[1]), real.view(B, -1)))
            ),
        )

    def _document(self, chunks: Tensor, real: Tensor) -> Tensor:
        """(B, N, D) chunks of documents whose positions (B, N·W) are real → (B, D)."""
        counts = real.view(*chunks.shape[:2], self.window).sum(dim=2)  # (B, N)
        if self.over_chunks is not None:
            return cast(Tensor, self.over_chunks(chunks, counts > 0))
        shares = counts.to(chunks.dtype) / counts.sum(dim=1, keepdim=True).clamp(min=1)
        return torch.einsum("bn,bnd->bd", shares, chunks)
