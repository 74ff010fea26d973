"""Numbers of a regression: each target in its own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.questions.base import Array, Question, Rows, example_means
from seqlab.tasks.base import Predictions, as_array
from seqlab.tasks.regress import Regress

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch
    from seqlab.model.base import Model


class NumberQuestion(Question):
    """The predicted numbers."""

    unit = "the target's unit"

    def __init__(self, task: Regress) -> None:
        self.task = task
        self.scale, self.centre = np.array(task.target.std), np.array(task.target.mean)

    def names(self, row: int) -> list[str]:
        return list(self.task.target.names)

    def scores(self, model: Model, batch: Batch) -> Tensor:
        answers = example_means(model(batch.inputs, batch.context), batch)
        return answers * answers.new_tensor(self.scale) + answers.new_tensor(self.centre)

    def of_predictions(self, predictions: Predictions, examples: Examples) -> Array:
        return as_array(predictions)

    def take(self, rows: Rows) -> Self:
        return self
