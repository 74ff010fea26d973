"""Tags: how far the score of the predicted tag lies above the mean of the others, at its token.

Of a linear chain over tags, the score that the network gives before the chain.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.questions.base import Question, Rows
from seqlab.tasks.base import Predictions, as_ragged
from seqlab.tasks.tag import Tag

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch
    from seqlab.model.base import Model

MOST_TAGS = 8  # of a sentence that are explained; those that are not the usual tag come first


class TagQuestion(Question):
    """places, tags: (n, K) where a tag stands and which, −1 where an example has fewer."""

    by_position = True
    from_predictions = False

    def __init__(self, task: Tag, places: Rows, tags: Rows, labels: list[list[str]]) -> None:
        self.task, self.places, self.tags, self.labels = task, places, tags, labels

    @classmethod
    def of(cls, task: Tag, predictions: Predictions, examples: Examples) -> Self:
        found = [
            row[:, 0].astype(int)
            for row in (as_ragged(predictions)[i] for i in range(len(examples)))
        ]
        usual = Counter(tag for tags in found for tag in tags.tolist()).most_common(1)[0][0]
        chosen = [np.argsort(tags == usual, kind="stable")[:MOST_TAGS] for tags in found]
        chosen = [np.sort(places) for places in chosen]
        width = max(map(len, chosen))
        places, tags = (np.full((len(found), width), -1, dtype=np.int64) for _ in range(2))
        for row, (own, every) in enumerate(zip(chosen, found, strict=True)):
            places[row, : len(own)], tags[row, : len(own)] = own, every[own]
        words = examples.frame["tokens"].tolist() if "tokens" in examples.frame else None
        labels = [
            [
                f"{words[row][p] if words else f'step {p + 1}'} → {task.classes[t]}"
                if p >= 0
                else ""
                for p, t in zip(places[row], tags[row], strict=True)
            ]
            for row in range(len(found))
        ]
        return cls(task, places, tags, labels)

    def names(self, row: int) -> list[str]:
        return self.labels[row]

    def scores(self, model: Model, batch: Batch) -> Tensor:
        import torch

        emissions: Tensor = model(batch.inputs, batch.context)  # (B, T, C)
        rows = torch.arange(len(emissions), device=emissions.device)[:, None]
        places, tags = (
            torch.from_numpy(part[batch.rows].clip(0)).to(emissions.device)
            for part in (self.places, self.tags)
        )
        there = emissions[rows, places]  # (B, K, C)
        own = there.gather(2, tags[..., None]).squeeze(-1)
        others = max(there.shape[2] - 1, 1)
        return own - (there.sum(dim=2) - own) / others

    def take(self, rows: Rows) -> Self:
        labels = [self.labels[int(row)] for row in rows]
        return type(self)(self.task, self.places[rows], self.tags[rows], labels)
