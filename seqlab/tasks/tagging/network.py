"""The model of a tagger: words by their number and their spelling in, a score for every tag out.

    x_t = W[word_t] + Σ_k P[piece_k of word_t]

so that a word that training never saw is still read by how it is written. Positions stay those of
the words, however many pieces a word has. Bojanowski et al. (2017) sum n-grams alike; prefixes,
suffixes and shapes are the features of Ratnaparkhi (1996).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.batch import Mix
from seqlab.metrics.spans import EDGE, Scheme, is_legal, mark
from seqlab.model.embedding import UNKNOWN, Embedding
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec
from seqlab.tasks.tagging.chain import LinearChain, Steps, marginals, viterbi


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
        assert self.table is not None
        assert mix is None, "a tag for each position cannot be mixed"
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


class TagHead(nn.Module):
    """(B, T, D) → scores (B, T, C); with a linear chain over them if asked for."""

    forbidden_step: Tensor
    forbidden_start: Tensor
    forbidden_end: Tensor

    def __init__(self, width: int, classes: tuple[str, ...], scheme: Scheme, chain: bool) -> None:
        super().__init__()
        self.emit = nn.Linear(width, len(classes))
        self.chain = LinearChain(len(classes)) if chain else None
        self.scheme = scheme
        for name, values in forbidden(classes, scheme)._asdict().items():
            self.register_buffer(f"forbidden_{name}", values, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The emissions."""
        return self.emit(x)

    def decode(self, emissions: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The best tags that the scheme allows, (B, T), and the probability of each."""
        emissions = emissions.float()
        allowed = Steps(self.forbidden_step, self.forbidden_start, self.forbidden_end)
        if self.chain is not None:
            steps = allowed.plus(self.chain.steps)
            probabilities = marginals(emissions, mask, self.chain.steps)
        else:
            steps = allowed
            probabilities = emissions.softmax(dim=-1)
            emissions = F.log_softmax(emissions, dim=-1)
        if self.chain is None and self.scheme == "none":
            tags = emissions.argmax(dim=-1)
        else:
            tags = viterbi(emissions, mask, steps)
        return tags, probabilities.gather(2, tags.unsqueeze(-1)).squeeze(-1)


def forbidden(classes: tuple[str, ...], scheme: Scheme) -> Steps:
    """−∞ at every step that a scheme does not allow, else 0."""
    marks = [mark(name) for name in classes]

    def scores(pairs: list[bool]) -> Tensor:
        return torch.tensor([0.0 if legal else -torch.inf for legal in pairs])

    step = scores([is_legal(before, here, scheme) for before in marks for here in marks])
    return Steps(
        step.view(len(classes), len(classes)),
        scores([is_legal(EDGE, here, scheme) for here in marks]),
        scores([is_legal(before, EDGE, scheme) for before in marks]),
    )
