"""Texts that are written piece by piece: after a prompt, or for a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seqlab.data.table import Table
from seqlab.serve.rows import ORIGIN
from seqlab.tasks.language_modelling.vocabulary import BOUNDARY
from seqlab.tasks.translate import Translate
from seqlab.workbench.generating import Writer

if TYPE_CHECKING:
    from seqlab.model.generation import Probabilities, Sampling, TokenReader


@dataclass(frozen=True)
class Piece:
    """What a token adds to a text; `likely` are the most probable tokens in its place.

    ends: that the text is over, by the model's own will.
    """

    text: str
    logprob: float = 0.0
    likely: tuple[tuple[str, float], ...] = ()
    ends: bool = False


class Listening:
    """A reader that remembers what it said last."""

    def __init__(self, reader: TokenReader) -> None:
        self.reader = reader
        self.scores: Probabilities = np.zeros(0)

    def read(self, tokens: Sequence[int]) -> Probabilities:
        """As the reader's own."""
        self.scores = self.reader.read(tokens)
        return self.scores


def continued(
    writer: Writer, ids: Sequence[int], count: int, sampling: Sampling, likely: int = 0
) -> Iterator[Piece]:
    """Up to `count` tokens after a prompt, each with its log-probability."""
    from seqlab.model.generation import generate

    vocabulary, listening = writer.task.vocabulary, Listening(writer.reader())
    decode = vocabulary.decoder()
    for token in generate(listening, ids, count, sampling, writer.task.settings.never):
        scores = listening.scores
        best = np.argsort(-scores, kind="stable")[:likely] if likely else ()
        told = tuple((vocabulary.decode([int(one)]), float(scores[one])) for one in best)
        if token == BOUNDARY:
            yield Piece("", float(scores[token]), told, ends=True)
            return
        yield Piece(decode(token), float(scores[token]), told)


def translated(task: Translate, model: Any, source: str) -> Iterator[Piece]:
    """The most probable token after token; a beam would know its first word only at the end."""
    import torch

    from seqlab.model.decoding import greedy_steps

    table = Table(pd.DataFrame({task.columns["src"]: [source]}, dtype=object), ORIGIN)
    model.eval()
    (batch,) = task.batches(task.encode(table), 1, 1, None)
    ids: list[int] = []
    shown = ""
    how = task.decoding(batch.inputs.shape[1])
    with torch.inference_mode():
        read = model.encode(batch.inputs, batch.context)
    steps = greedy_steps(model, read, how)
    while True:
        with torch.inference_mode():  # not around a yield: it is a setting of the whole thread
            chosen = next(steps, None)
        ends = chosen is None or int(chosen[0]) == how.end
        if chosen is not None and not ends:
            ids.append(int(chosen[0]))
        text = task.target.vocabulary.decode(ids)
        # The last bytes may be half a character yet.
        whole = text if ends else text.rstrip("�")
        yield Piece(whole[len(shown) :] if whole.startswith(shown) else "", ends=ends)
        if ends:
            return
        shown = whole if whole.startswith(shown) else shown
