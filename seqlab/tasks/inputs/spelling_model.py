"""A model that reads words by their number and their spelling.

    x_t = W[word_t] + Σ_k P[piece_k of word_t]

so that a word that training never saw is still read by how it is written. Positions stay those of
the words, however many pieces a word has. Bojanowski et al. (2017) sum n-grams alike; prefixes,
suffixes and shapes are the features of Ratnaparkhi (1996).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.batch import Mix
from seqlab.model.embedding import UNKNOWN, Embedding
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec


class SpelledEmbedding(Embedding):
    """(B, T, 1 + K) ids of words and of their pieces (0: none) → (B, T, D)."""

    def __init__(self, spec: ModelSpec, words: int, pieces: int) -> None:
        super().__init__(spec, words, 0)
        inner = spec.embedding_width or spec.width
        self.pieces = nn.EmbeddingBag(pieces, inner, mode="sum", padding_idx=0)
        nn.init.normal_(self.pieces.weight, std=0.1)
        with torch.no_grad():
            self.pieces.weight[0].zero_()

    def forward(self, inputs: Tensor, offset: int = 0, mix: Mix | None = None) -> Tensor:
        """Embed words and pieces, widen, add positions."""
        assert mix is None, "a tag for each position cannot be mixed"
        assert self.table is not None
        words = inputs[..., 0]
        x = self.table(words.where(words < self.vocabulary, UNKNOWN))
        x = x + self.pieces(inputs[..., 1:].flatten(0, 1)).view_as(x)
        if self.widen is not None:
            x = self.widen(x)
        return self.dropout(self._with_positions(x, offset))


class SpellingModel(SequenceModel):
    """A sequence model that reads words with their spelling, and answers at every position."""

    def __init__(self, spec: ModelSpec, words: int, pieces: int) -> None:
        super().__init__(spec, tokens=words, per_position=True)
        self.embedding = SpelledEmbedding(spec, words, pieces)

    def embedding_parameters(self) -> int:
        """Parameters of both tables."""
        assert isinstance(self.embedding, SpelledEmbedding)
        return super().embedding_parameters() + self.embedding.pieces.weight.numel()
