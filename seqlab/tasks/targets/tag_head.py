"""The head of a tagger: a score for every tag, and the linear chain over a sequence's tags.

    s(y | x)  = start[y_1] + Σ_t e_t[y_t] + Σ_t step[y_{t−1}, y_t] + end[y_T]
    log Z(x)  = log Σ_y exp s(y | x)      by the forward recursion
    −log p(y) = log Z(x) − s(y | x)

Emissions e are (B, T, C), steps (C, C), start and end (C); padding is on the right of the mask
(B, T). A step of −∞ is forbidden. Without learned steps and with emissions that are
log-probabilities, decoding is the best sequence of independent tags that their scheme allows.

Lafferty, McCallum & Pereira (2001); on top of a network: Lample et al. (2016).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.metrics.spans import EDGE, Scheme, is_legal, mark


class Transitions(NamedTuple):
    """Scores of following: step[i, j] for j after i (C, C), of beginning and of ending (C)."""

    step: Tensor
    start: Tensor
    end: Tensor

    def plus(self, other: Transitions) -> Transitions:
        """The sum of two scorings."""
        return Transitions(*(a + b for a, b in zip(self, other, strict=True)))


def sequence_score(emissions: Tensor, tags: Tensor, mask: Tensor, steps: Transitions) -> Tensor:
    """s(y | x) of given tags (B, T): (B,)."""
    real = mask.to(emissions.dtype)
    tags = tags.where(mask, 0)
    emitted = emissions.gather(2, tags.unsqueeze(-1)).squeeze(-1) * real  # (B, T)
    stepped = steps.step[tags[:, :-1], tags[:, 1:]] * real[:, 1:]
    last = tags.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
    return emitted.sum(1) + stepped.sum(1) + steps.start[tags[:, 0]] + steps.end[last]


def forward_scores(emissions: Tensor, mask: Tensor, steps: Transitions) -> list[Tensor]:
    """α_t[j] = log Σ exp s over all beginnings that end in j at t; T tensors (B, C).

    At padded positions α stays as it was, so the last one is that of every sequence's end.
    """
    alpha = steps.start + emissions[:, 0]
    alphas = [alpha]
    # One matrix product a step; subtracting the largest keeps the exponentials in range.
    following = steps.step.exp()
    for t in range(1, emissions.shape[1]):
        top = alpha.amax(dim=1, keepdim=True)
        moved = ((alpha - top).exp() @ following).log() + top
        alpha = torch.where(mask[:, t, None], moved + emissions[:, t], alpha)
        alphas.append(alpha)
    return alphas


def log_partition(emissions: Tensor, mask: Tensor, steps: Transitions) -> Tensor:
    """log Z(x): (B,)."""
    return (forward_scores(emissions, mask, steps)[-1] + steps.end).logsumexp(dim=1)


def marginals(emissions: Tensor, mask: Tensor, steps: Transitions) -> Tensor:
    """p(y_t = j | x) by forward and backward recursion: (B, T, C)."""
    alphas = forward_scores(emissions, mask, steps)
    ending = steps.end.expand_as(alphas[0])
    beta, betas = ending, [ending]
    preceding = steps.step.exp().T
    for t in range(emissions.shape[1] - 1, 0, -1):
        ahead = beta + emissions[:, t]
        top = ahead.amax(dim=1, keepdim=True)
        moved = ((ahead - top).exp() @ preceding).log() + top
        beta = torch.where(mask[:, t, None], moved, beta)
        betas.append(beta)
    scores = torch.stack(alphas, dim=1) + torch.stack(betas[::-1], dim=1)
    return scores.softmax(dim=-1)


def viterbi(emissions: Tensor, mask: Tensor, steps: Transitions) -> Tensor:
    """The tags with the highest score (B, T); zeros at padded positions."""
    B, T, C = emissions.shape
    best = steps.start + emissions[:, 0]
    origins = []
    stay = torch.arange(C, device=emissions.device).expand(B, C)
    for t in range(1, T):
        scores, origin = (best.unsqueeze(2) + steps.step).max(dim=1)  # (B, C)
        real = mask[:, t, None]
        best = torch.where(real, scores + emissions[:, t], best)
        origins.append(torch.where(real, origin, stay))
    tag = (best + steps.end).argmax(dim=1)
    path = [tag]
    for origin in reversed(origins):
        tag = origin.gather(1, tag.unsqueeze(1)).squeeze(1)
        path.append(tag)
    return torch.stack(path[::-1], dim=1).where(mask, 0)


class ChainAlgorithms(NamedTuple):
    """What goes along a chain; each takes emissions, mask and transitions."""

    viterbi: Callable[[Tensor, Tensor, Transitions], Tensor]
    marginals: Callable[[Tensor, Tensor, Transitions], Tensor]


LOOPS = ChainAlgorithms(viterbi, marginals)


class LinearChain(nn.Module):
    """Learned steps between C tags; zero at first, which is independence."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.step = nn.Parameter(torch.zeros(tags, tags))
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))

    @property
    def steps(self) -> Transitions:
        """The learned scores."""
        return Transitions(self.step, self.start, self.end)

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """−log p of the tags, in nats a position, over the sequences whose tags are all known."""
        known = ((tags >= 0) | ~mask).all(dim=1)
        emissions, tags, mask = emissions[known], tags[known], mask[known]
        partition = log_partition(emissions, mask, self.steps)
        given = sequence_score(emissions, tags, mask, self.steps)
        return (partition - given).sum() / mask.sum().clamp(min=1)


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

    def decode(
        self, emissions: Tensor, mask: Tensor, by: ChainAlgorithms = LOOPS
    ) -> tuple[Tensor, Tensor]:
        """The best tags that the scheme allows, (B, T), and the probability of each."""
        emissions = emissions.float()
        allowed = Transitions(self.forbidden_step, self.forbidden_start, self.forbidden_end)
        if self.chain is not None:
            steps = allowed.plus(self.chain.steps)
            probabilities = by.marginals(emissions, mask, self.chain.steps)
        else:
            steps = allowed
            probabilities = emissions.softmax(dim=-1)
            emissions = F.log_softmax(emissions, dim=-1)
        if self.chain is None and self.scheme == "none":
            tags = emissions.argmax(dim=-1)
        else:
            tags = by.viterbi(emissions, mask, steps)
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
