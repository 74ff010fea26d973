"""Classes: how far the logit of the predicted class lies above the mean of the others.

For two classes that is the log-odds. It is linear in the logits, so that what a linear model adds
up is explained exactly, and it says nothing of a constant that all logits share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.questions.base import Array, Question, Rows, example_means
from seqlab.tasks.base import Predictions, as_array
from seqlab.tasks.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch
    from seqlab.model.base import Model

SMALLEST = 1e-12  # a probability, whose logarithm is still a number


class ClassQuestion(Question):
    """Of each example the class that is predicted, or one that was asked for."""

    def __init__(self, task: Classifier, chosen: Rows) -> None:
        self.task, self.chosen = task, chosen

    @classmethod
    def of(cls, task: Classifier, predictions: Predictions, asked: str | None) -> Self:
        """`asked` is a class by its name; None: of each example the one that is predicted."""
        probabilities = as_array(predictions)
        if asked is None:
            return cls(task, probabilities.argmax(axis=1))
        return cls(task, np.full(len(probabilities), task.classes.index(asked)))

    def names(self, row: int) -> list[str]:
        return [self.task.classes[self.chosen[row]]]

    def scores(self, model: Model, batch: Batch) -> Tensor:
        import torch

        logits = example_means(model(batch.inputs, batch.context), batch)
        chosen = torch.from_numpy(self.chosen[batch.rows]).to(logits.device)[:, None]
        if self.task.binary:
            return torch.where(chosen == 1, logits, -logits)
        own = logits.gather(1, chosen)
        if self.task.target.multi_label:
            return own
        others = logits.shape[1] - 1
        return own - (logits.sum(dim=1, keepdim=True) - own) / others

    def of_predictions(self, predictions: Predictions, examples: Examples) -> Array:
        probabilities = as_array(predictions).clip(SMALLEST, 1)
        logs = np.log(probabilities)
        own = np.take_along_axis(logs, self.chosen[:, None], axis=1)
        if self.task.target.multi_label:
            picked = np.take_along_axis(probabilities, self.chosen[:, None], axis=1)
            return np.asarray(own - np.log((1 - picked).clip(SMALLEST)))
        others = logs.shape[1] - 1
        return np.asarray(own - (logs.sum(axis=1, keepdims=True) - own) / others)

    def take(self, rows: Rows) -> Self:
        return type(self)(self.task, self.chosen[rows])
