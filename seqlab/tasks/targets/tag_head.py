"""The head of a tagger: a score for every tag, and the best tags that their scheme allows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.metrics.spans import EDGE, Scheme, is_legal, mark
from seqlab.tasks.targets.chain import LinearChain, Transitions, marginals, viterbi


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
        allowed = Transitions(self.forbidden_step, self.forbidden_start, self.forbidden_end)
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


def forbidden(classes: tuple[str, ...], scheme: Scheme) -> Transitions:
    """−∞ at every step that a scheme does not allow, else 0."""
    marks = [mark(name) for name in classes]

    def scores(pairs: list[bool]) -> Tensor:
        return torch.tensor([0.0 if legal else -torch.inf for legal in pairs])

    step = scores([is_legal(before, here, scheme) for before in marks for here in marks])
    return Transitions(
        step.view(len(classes), len(classes)),
        scores([is_legal(EDGE, here, scheme) for here in marks]),
        scores([is_legal(before, EDGE, scheme) for before in marks]),
    )
