"""The contract of questions: the numbers of an answer that are explained, made from logits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import EXAMPLE_OF_SEQUENCE

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch
    from seqlab.model.base import Model

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


class Question(ABC):
    """Of each of n examples, the same number K of scores; higher: the answer is surer or larger.

    by_position: that answers stand at positions of the input, so that none may be deleted.
    from_predictions: that predictions alone say the scores, so that any contestant has them.
    """

    by_position = False
    from_predictions = True
    unit = "log-odds"

    @abstractmethod
    def names(self, row: int) -> list[str]:
        """What each score is of, K names; those beyond an example's own are empty."""

    def count(self, rows: Rows) -> int:
        """How many scores the examples of a batch have."""
        return max((len(self.names(int(row))) for row in rows), default=0)

    @abstractmethod
    def scores(self, model: Model, batch: Batch) -> Tensor:
        """The scores of a batch, (B, K), to be differentiated."""

    def of_predictions(self, predictions: Predictions, examples: Examples) -> Array:
        """The same from what was predicted, (n, K)."""
        raise NotImplementedError("these scores are the model's own")

    @abstractmethod
    def take(self, rows: Rows) -> Self:
        """The question of other examples: of each, what was asked of `rows[i]`."""


def example_means(outputs: Tensor, batch: Batch) -> Tensor:
    """Outputs of sequences as those of examples: the mean, where one is read in several."""
    of = batch.extra.get(EXAMPLE_OF_SEQUENCE)
    if of is None:
        return outputs
    sums = outputs.new_zeros(len(batch.rows), outputs.shape[1]).index_add(0, of, outputs)
    return sums / of.bincount(minlength=len(batch.rows))[:, None]
