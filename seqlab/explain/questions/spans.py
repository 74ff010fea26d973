"""Both ends of an answer in a text: the logarithm of each end's probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from seqlab.data.examples import Examples
from seqlab.explain.questions.base import Question, Rows
from seqlab.tasks.base import Predictions, as_array
from seqlab.tasks.span import Span

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch
    from seqlab.model.base import Model


class SpanQuestion(Question):
    """ends: (n, 2) positions of the predicted answer."""

    by_position = True
    from_predictions = False
    unit = "log-probability"

    def __init__(self, task: Span, ends: Rows, answers: list[str]) -> None:
        self.task, self.ends, self.answers = task, ends, answers

    @classmethod
    def of(cls, task: Span, predictions: Predictions, examples: Examples) -> Self:
        said = task.present(predictions, examples)["answer"].fillna("").astype(str).tolist()
        return cls(task, as_array(predictions)[:, :2].astype(int), said)

    def names(self, row: int) -> list[str]:
        answer = self.answers[row] or "no answer"
        return [f'start of "{answer}"', f'end of "{answer}"']

    def scores(self, model: Model, batch: Batch) -> Tensor:
        import torch

        from seqlab.tasks.inputs.context_windows import logits_of

        ends = torch.from_numpy(self.ends[batch.rows]).to(batch.inputs.device)  # (B, 2)
        logits = logits_of(model, batch)  # (B, T, 2)
        allowed = batch.extra["inside"].scatter(1, ends.clamp(max=logits.shape[1] - 1), True)
        logs = logits.masked_fill(~allowed[..., None], -torch.inf).log_softmax(dim=1)
        return logs.gather(1, ends[:, None].clamp(max=logits.shape[1] - 1)).squeeze(1)

    def take(self, rows: Rows) -> Self:
        return type(self)(self.task, self.ends[rows], [self.answers[int(r)] for r in rows])
