"""Models that read texts in ways of their own: in pairs, in chunks, with words' spelling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.batch import Context, Mix
from seqlab.model.embedding import UNKNOWN, Embedding
from seqlab.model.pooling import Pooling
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec


class PairEmbedding(Embedding):
    """Adds one of four vectors: first or second text, token shared with the other text or not.

    Which text a position belongs to is a learned vector (segments of Devlin et al., 2019), and so
    is whether its token stands in the other text too (the exact match of Chen et al., 2017,
    "Reading Wikipedia to answer open-domain questions"): from scratch, comparing is hard to learn
    otherwise.
    """

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


class ChunkedModel(SequenceModel):
    """(B, T) ids of documents → what the head gives for each; a chunk has `window` positions.

    Chunks are read one by one and pooled into one vector. Mean pooling weighs a chunk by its
    length; under the linear head of a task it is the same as averaging the chunks' outputs.
    Attention pooling learns which chunks count.
    """

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
        with_text = real.any(dim=1)  # chunks beyond a document's end are not read
        x = self.hidden(ids[with_text], replace(context, mask=real[with_text]))
        assert self.pooling is not None
        pooled = self.pooling(x, real[with_text])  # (chunks, D)
        vectors = pooled.new_zeros(len(ids), pooled.shape[1]).masked_scatter(
            with_text.unsqueeze(1), pooled
        )
        document = self._document(vectors.view(B, -1, pooled.shape[1]), real.view(B, -1))
        logits: Tensor = self.head(self.dropout(document))
        return logits

    def _document(self, chunks: Tensor, real: Tensor) -> Tensor:
        """(B, N, D) chunks of documents whose positions (B, N·W) are real → (B, D)."""
        counts = real.view(*chunks.shape[:2], self.window).sum(dim=2)  # (B, N)
        if self.over_chunks is not None:
            pooled: Tensor = self.over_chunks(chunks, counts > 0)
            return pooled
        shares = counts.to(chunks.dtype) / counts.sum(dim=1, keepdim=True).clamp(min=1)
        return torch.einsum("bn,bnd->bd", shares, chunks)


class SpelledEmbedding(Embedding):
    """(B, T, 1 + K) ids of words and of their pieces (0: none) → (B, T, D).

        x_t = W[word_t] + Σ_k P[piece_k of word_t]

    so that a word that training never saw is still read by how it is written. Positions stay those
    of the words, however many pieces a word has. Bojanowski et al. (2017) sum n-grams alike;
    prefixes, suffixes and shapes are the features of Ratnaparkhi (1996).
    """

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
