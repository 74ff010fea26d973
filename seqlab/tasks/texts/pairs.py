"""A model of two texts: one sequence with a separator, and which text each position belongs to."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from seqlab.model.embedding import Embedding
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec


class SegmentEmbedding(Embedding):
    """Adds a learned vector from the separator on (segment embeddings of Devlin et al., 2019)."""

    def __init__(self, spec: ModelSpec, tokens: int, separator: int) -> None:
        super().__init__(spec, tokens, 0)
        self.separator = separator
        self.second = nn.Embedding(2, spec.width)
        nn.init.normal_(self.second.weight, std=0.02)

    def forward(self, inputs: Tensor, offset: int = 0) -> Tensor:
        """(B, T) ids of whole pairs → (B, T, D)."""
        after = (inputs == self.separator).cumsum(dim=1).clamp(max=1)
        return super().forward(inputs, offset) + self.second(after)


class PairModel(SequenceModel):
    """A sequence model whose embedding tells the two texts apart."""

    def __init__(self, spec: ModelSpec, *, tokens: int, separator: int, **settings: Any) -> None:
        super().__init__(spec, tokens=tokens, **settings)
        self.embedding = SegmentEmbedding(spec, tokens, separator)
