"""The token that a language model holds most probable after a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from seqlab.explain.questions.base import Question, Rows
from seqlab.tasks.language import Language

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch
    from seqlab.model.base import Model


class NextTokenQuestion(Question):
    """chosen: the token that is asked about, of each text."""

    from_predictions = False
    unit = "log-probability"

    def __init__(self, task: Language, chosen: Rows) -> None:
        self.task, self.chosen = task, chosen

    def names(self, row: int) -> list[str]:
        return [f"next: {self.task.vocabulary.piece(int(self.chosen[row]))!r}"]

    def scores(self, model: Model, batch: Batch) -> Tensor:
        import torch

        logs = last_logits(model, batch).log_softmax(dim=-1)
        chosen = torch.from_numpy(np.asarray(self.chosen[batch.rows], dtype=np.int64))
        return logs.gather(1, chosen.to(logs.device)[:, None])

    def take(self, rows: Rows) -> Self:
        return type(self)(self.task, self.chosen[rows])


def last_logits(model: Model, batch: Batch) -> Tensor:
    """Logits (B, V) of what follows on each text."""
    import torch

    outputs: Tensor = model(batch.inputs, batch.context)  # (B, T, V)
    mask = batch.context.mask
    if mask is None:
        return outputs[:, -1]
    return outputs[torch.arange(len(outputs)), mask.sum(dim=1) - 1]
