"""Strings written for strings with a trained winner, some at a time, in the order they come in.

Translator(load("runs/pairs-translate/best")).translate(["A dog runs."])  →  ["Ein Hund rennt."]
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pandas as pd

from seqlab.data.examples import Examples, Ragged
from seqlab.errors import UserError
from seqlab.progress import doing
from seqlab.tasks.translate import Translate
from seqlab.workbench.predictor import Predictor

BEAM_WIDTH = 5
READ_AT_ONCE = 256  # strings that are read before the first of them is written


class Translator:
    """A winner of the task translate; a model searches with a beam, a baseline knows none."""

    def __init__(
        self, predictor: Predictor, beam: int | None = None, length_penalty: float | None = None
    ) -> None:
        task = predictor.task
        if not isinstance(task, Translate):
            raise UserError(
                f'this model was trained for the task "{task.name}", not translate',
                "use it with seqlab predict",
            )
        self.task, self.predictor = task, predictor
        self.is_model = predictor.card["kind"] == "model"
        if not self.is_model and (beam is not None or length_penalty is not None):
            raise UserError(
                f'"{predictor.card["candidate"]}" is a baseline and searches no beam',
                "leave --beam and --length-penalty out",
            )
        self.beam = BEAM_WIDTH if beam is None else beam
        if self.beam < 1:
            raise UserError(f"--beam {self.beam}: expected 1 (greedy) or more")
        own = task.target.options.length_penalty
        self.length_penalty = own if length_penalty is None else length_penalty

    def translate(self, sources: Iterable[str]) -> list[str]:
        """What is written for each source."""
        return list(self.stream(sources))

    def stream(self, sources: Iterable[str]) -> Iterator[str]:
        """The same one by one, for sources that are more than memory holds; blank ones stay so."""
        strings = iter(sources)
        while chunk := list(itertools.islice(strings, READ_AT_ONCE)):
            said = [row for row, text in enumerate(chunk) if text.strip()]
            written = [""] * len(chunk)
            if said:
                for row, text in zip(said, self._some([chunk[r] for r in said]), strict=True):
                    written[row] = text
            yield from written

    @doing("translating")
    def _some(self, sources: list[str]) -> list[str]:
        from seqlab.data.table import Table

        column = self.task.columns["src"]
        frame = pd.DataFrame({column: sources}, dtype=object)
        examples = self.task.encode(Table(frame, "the input"))
        written = self._searched(examples) if self.is_model else self.predictor.raw(examples)
        return self.task.texts(written)

    def _searched(self, examples: Examples) -> Ragged:
        import numpy as np
        import torch

        model = self.predictor.contestant.eval()
        device = next(model.parameters()).device
        parts, rows = [], []
        with torch.inference_mode():
            for batch in self.task.batches(examples, 64, 16384, None):
                given = (batch.to(device), self.beam, self.length_penalty)
                parts.append(self.task.written(model, *given))
                rows.append(batch.rows)
        return Ragged.joined(parts).take(np.argsort(np.concatenate(rows)))
