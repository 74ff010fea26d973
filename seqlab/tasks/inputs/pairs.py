"""A model of two texts: one sequence with a separator, and what each position has to do with them.

Which text a position belongs to is a learned vector (segments of Devlin et al., 2019), and so is
whether its token stands in the other text too (the exact match of Chen et al., 2017, "Reading
Wikipedia to answer open-domain questions"): from scratch, comparing is hard to learn otherwise.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from seqlab.batch import Mix
from seqlab.model.embedding import Embedding
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec


class PairEmbedding(Embedding):
    """Adds one of four vectors: first or second text, token shared with the other text or not."""

    def __init__(self, spec: ModelSpec, tokens: int, separator: int) -> None:
        super().__init__(spec, tokens, 0)
        self.separator = separator
        self.relation = nn.Embedding(4, spec.width)
        nn.init.normal_(self.relation.weight, std=0.1)  # as large as the tokens' own

    def forward(self, inputs: Tensor, offset: int = 0, mix: Mix | None = None) -> Tensor:
        """(B, T) ids of whole pairs → (B, T, D)."""
        second = (inputs == self.separator).cumsum(dim=1).clamp(max=1)  # (B, T)
        across = second.unsqueeze(2) != second.unsqueeze(1)
        same = inputs.unsqueeze(2) == inputs.unsqueeze(1)
        shared = (across & same).any(dim=2)  # (B, T); padding is in the second text alone
        return super().forward(inputs, offset, mix) + self.relation(2 * second + shared)


class PairModel(SequenceModel):
    """A sequence model whose embedding tells the two texts apart."""

    def __init__(self, spec: ModelSpec, *, tokens: int, separator: int, **settings: Any) -> None:
        super().__init__(spec, tokens=tokens, **settings)
        self.embedding = PairEmbedding(spec, tokens, separator)
