"""Each token of what is written: the logarithm of its probability, given those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from seqlab.data.examples import Ragged
from seqlab.explain.questions.base import Question, Rows
from seqlab.tasks.base import Predictions, as_ragged
from seqlab.tasks.translate import Translate

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch
    from seqlab.model.base import Model

MOST_WRITTEN = 16  # tokens of a translation that are explained


class TranslationQuestion(Question):
    """written: the ids that the model wrote itself for each source, and their end."""

    from_predictions = False
    unit = "log-probability"

    def __init__(self, task: Translate, written: Ragged) -> None:
        self.task, self.written = task, written

    @classmethod
    def of(cls, task: Translate, predictions: Predictions) -> Self:
        ids, end = as_ragged(predictions), task.target.vocabulary.end
        return cls(task, Ragged.of([np.append(ids[row], end) for row in range(len(ids))]))

    def names(self, row: int) -> list[str]:
        vocabulary, ids = self.task.target.vocabulary, self.written[row][:MOST_WRITTEN]
        said = ["(end)" if i == vocabulary.end else vocabulary.decode([int(i)]) or "?" for i in ids]
        return [f"{number}: {piece}" for number, piece in enumerate(said, start=1)]

    def scores(self, model: Model, batch: Batch) -> Tensor:
        import torch

        from seqlab.model.encoder_decoder import EncoderDecoder

        assert isinstance(model, EncoderDecoder)
        rows = np.asarray(batch.rows)
        ids = self.written.take(rows).padded(np.arange(len(rows)))[0][:, :MOST_WRITTEN]
        wanted = torch.from_numpy(ids.astype(np.int64)).to(batch.inputs.device)  # (B, K)
        end = self.task.target.vocabulary.end
        previous = torch.nn.functional.pad(wanted[:, :-1], (1, 0), value=end)
        logits = model.logits(model.hidden(batch.inputs, batch.context, previous))
        return logits.log_softmax(dim=-1).gather(2, wanted[..., None]).squeeze(-1)

    def take(self, rows: Rows) -> Self:
        return type(self)(self.task, self.written.take(rows))
