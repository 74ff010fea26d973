"""Reading on and sampling: what a model that streams makes of a text, token by token.

A recurrence carries a state of fixed size, so that each token costs the same however long the
text is. A cache that grows, and positions counted from the start, reach as far as the `window`
that the model was trained on; when it is full, the later half of it is read again.

Temperature and top-k as usual; top-p after Holtzman et al. (2020), the repetition penalty after
Keskar et al. (2019), on log-probabilities, so that it does not depend on an offset of the logits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqlab.errors import UserError
from seqlab.mixers.base import StreamingMixer
from seqlab.model.block import Block
from seqlab.model.sequence_model import ModelState, SequenceModel
from seqlab.specs import Spec

Probabilities = NDArray[np.float64]
COUNTED_POSITIONS = ("sinusoidal", "learned")  # kinds that know how far from the start they are


class Sampling(Spec):
    """How the next token is drawn from the probabilities.

    temperature         below 1 sharper, above 1 flatter
    top_k               among the k most probable only
    top_p               among the fewest that together have this probability
    repetition_penalty  above 1: tokens that occurred are less probable
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int = 0

    def checked(self) -> Sampling:
        """Itself, if its numbers make sense; an error names the option of the command line."""
        rules = {
            "temperature": (0 < self.temperature < np.inf, "a number above 0; --top-k 1 is greedy"),
            "top_k": (self.top_k is None or self.top_k >= 1, "a whole number from 1 on"),
            "top_p": (self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1"),
            "repetition_penalty": (0 < self.repetition_penalty < np.inf, "above 0; 1 is none"),
            "seed": (self.seed >= 0, "a whole number from 0 on"),
        }
        for name, (right, accepted) in rules.items():
            if not right:
                value = getattr(self, name)
                raise UserError(f"--{name.replace('_', '-')} {value:g}: expected {accepted}")
        return self


class TokenReader(Protocol):
    """What reads tokens and then says how probable each next one is."""

    def read(self, tokens: Sequence[int]) -> Probabilities:
        """Tokens that follow on those read before → log-probabilities of the next (V,)."""


class Stream:
    """A model that reads on: each call continues where the one before ended."""

    def __init__(self, model: SequenceModel, batch: int, window: int) -> None:
        self.model, self.window = model, window
        self.batch = batch
        self.bounded = is_bounded(model, window)
        self.state: ModelState = model.initial_state(batch)
        self.recent: Tensor | None = None  # what a full window begins again with

    def feed(self, tokens: Tensor) -> Tensor:
        """(B, T) tokens → (B, T, V) outputs."""
        if self.bounded:
            output, self.state = self.model.stream(tokens, self.state)
            return output
        outputs: list[Tensor] = []
        while tokens.shape[1]:
            if self.state.position >= self.window:
                self._begin_again()
            piece = tokens[:, : self.window - self.state.position]
            tokens = tokens[:, piece.shape[1] :]
            output, self.state = self.model.stream(piece, self.state)
            outputs.append(output)
            read = piece if self.recent is None else torch.cat((self.recent, piece), dim=1)
            self.recent = read[:, -max(1, self.window // 2) :]
        return torch.cat(outputs, dim=1)

    def _begin_again(self) -> None:
        assert self.recent is not None
        self.state = self.model.initial_state(self.batch)
        if self.window > 1:
            _, self.state = self.model.stream(self.recent, self.state)


class ModelReader:
    """A trained model as a reader of one text."""

    def __init__(self, model: SequenceModel, window: int) -> None:
        model.eval()
        self.stream, self.device = Stream(model, 1, window), next(model.parameters()).device

    def read(self, tokens: Sequence[int]) -> Probabilities:
        """The output after the last token."""
        with torch.inference_mode():
            for done in range(0, len(tokens), self.stream.window):
                piece = tokens[done : done + self.stream.window]
                outputs = self.stream.feed(torch.tensor([piece], device=self.device))
            return np.asarray(outputs[0, -1].double().log_softmax(dim=-1).cpu().numpy())


def is_bounded(model: SequenceModel, window: int) -> bool:
    """Whether a model's state has one size however much it has read, and no positions run out."""
    if model.spec.positions in COUNTED_POSITIONS:
        return False
    mixers = [block.mixer for block in model.blocks if isinstance(block, Block)]
    streaming = [mixer for mixer in mixers if isinstance(mixer, StreamingMixer)]
    return all(mixer.state_bytes(2 * window) == mixer.state_bytes(window) for mixer in streaming)


def generate(
    reader: TokenReader,
    prompt: Sequence[int],
    count: int,
    sampling: Sampling,
    forbidden: Collection[int] = (),
) -> Iterator[int]:
    """Up to `count` tokens after a prompt of at least one; the same for the same seed."""
    rng = np.random.default_rng(sampling.seed)
    seen = set(prompt)
    fresh = list(prompt)
    for _ in range(count):
        scores = reader.read(fresh)
        scores[list(forbidden)] = -np.inf
        token = int(rng.choice(len(scores), p=shaped(scores, sampling, seen)))
        yield token
        seen.add(token)
        fresh = [token]


def shaped(scores: Probabilities, sampling: Sampling, seen: Collection[int] = ()) -> Probabilities:
    """Log-probabilities (V,) → the probabilities that a token is drawn with."""
    scores = scores - np.logaddexp.reduce(scores)
    held = list(seen)
    scores[held] *= sampling.repetition_penalty
    scores = scores / sampling.temperature
    order = np.argsort(-scores, kind="stable")
    if sampling.top_k is not None:
        scores[order[sampling.top_k :]] = -np.inf
    probabilities = np.exp(scores - np.logaddexp.reduce(scores))
    if sampling.top_p is not None:
        before = probabilities[order].cumsum() - probabilities[order]
        probabilities[order[before >= sampling.top_p]] = 0.0
    return np.asarray(probabilities / probabilities.sum())
