"""Words before the token that a language model is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seqlab.data.batching import plan_batches
from seqlab.data.examples import Examples, Ragged
from seqlab.explain.units.base import Flags, Removal, Rows
from seqlab.explain.units.words import WordUnits
from seqlab.tasks.language import Language
from seqlab.tasks.language_modelling.vocabulary import BOUNDARY

if TYPE_CHECKING:
    from seqlab.batch import Batch


class RunningTextUnits(WordUnits):
    """Of texts, each read from its beginning, the last block of it where it is longer."""

    columns = ("text",)

    def __init__(self, task: Language, texts: Sequence[str]) -> None:
        super().__init__(task, read(task, texts), read(task, texts))  # type: ignore[arg-type]
        self.language = task

    def places(self, row: int) -> Rows:
        encoded = self.language.vocabulary.encode(self.text("text", row))
        ends = encoded.characters.astype(np.int64).cumsum()
        offsets = list(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True))
        places = self.units_of_offsets(row, "text", offsets)
        if self.language.settings.ends:
            places = np.concatenate([[-1], places])
        return places[-self.language.settings.block :]

    def without(
        self, rows: Rows, removed: Sequence[Flags], how: Removal, rng: np.random.Generator
    ) -> Examples:
        texts = [
            self._text_without(int(row), "text", flags, how, rng)
            for row, flags in zip(rows, removed, strict=True)
        ]
        return read(self.language, texts)

    def batches(self, examples: Examples, batch_size: int, batch_tokens: int) -> Iterator[Batch]:
        import torch

        from seqlab.batch import Batch, Context

        tokens = examples.ragged("tokens")
        for rows in plan_batches(tokens.lengths, batch_size, batch_tokens):
            ids, mask = tokens.padded(rows)
            context = Context(None if mask.all() else torch.from_numpy(mask))
            yield Batch(torch.from_numpy(ids.astype(np.int64)), context=context, rows=rows)


def read(task: Language, texts: Sequence[str]) -> Examples:
    """Texts as a model of running text reads each of them."""
    begin = [BOUNDARY] if task.settings.ends else []
    ids = [
        np.array([*begin, *task.vocabulary.encode(text).ids], dtype=np.int32)[
            -task.settings.block :
        ]
        for text in texts
    ]
    some: list[Any] = [one if len(one) else np.array([BOUNDARY], dtype=np.int32) for one in ids]
    frame = pd.DataFrame({"text": pd.Series(list(texts), dtype=object)})
    return Examples({"tokens": Ragged.of(some)}, frame)
