"""Summary statistics of each channel with logistic regression; patterns over time do not count."""

from __future__ import annotations

from seqlab.baselines.base import input_of
from seqlab.baselines.linear_classifier import Array, LinearClassifier
from seqlab.baselines.summary_statistics import summaries
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.inputs.values import ValueInput
from seqlab.tasks.row_task import RowTask

CARD = {"title": "summary statistics + logistic regression", "tasks": ["series"]}


@registered
class StatisticsLr(LinearClassifier):
    """Eleven numbers a channel, and the length."""

    def features(self, task: RowTask, examples: Examples) -> Array:
        """Statistics (n, 11 · channels + 1)."""
        return summaries(input_of(task, ValueInput).vectors(examples))
