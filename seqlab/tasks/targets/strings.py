"""Strings that are written piece by piece: what translations and transcriptions share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.examples import Examples, Ragged
from seqlab.data.table import Table
from seqlab.metrics.base import Metric
from seqlab.tasks.base import Exhibit, Predictions, as_ragged
from seqlab.tasks.exhibits.strings import Written, exhibits
from seqlab.tasks.inputs.string_pairs import as_strings, empty_cells
from seqlab.tasks.inputs.vocabulary import VocabularyPart
from seqlab.tasks.parts import Arrays, ColumnChoice, Input, Target


class Strings(VocabularyPart, Target):
    """Predictions are ragged ids of pieces. called: what messages call the string to be written."""

    called: ClassVar[str]

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        return empty_cells(table.frame[choice.columns[cls.roles[0]]], cls.called)

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """The column `target`; None where it is not known."""
        texts: list[str | None] = [None] * len(table.frame)
        if column := choice.columns.get(cls.roles[0]):
            texts = [text or None for text in as_strings(table.frame[column])]
        return Examples({}, pd.DataFrame({"target": texts}, dtype=object))

    def encode(self, rows: Examples) -> Arrays:
        """`target`: ids; none where the string is not known."""
        texts = [text or "" for text in rows.frame["target"]]
        return {"target": Ragged.of(list(self.vocabulary.encode(texts)))}

    def texts(self, predictions: Predictions) -> list[str]:
        """Predictions as strings."""
        ids = as_ragged(predictions)
        return [self.vocabulary.decode(ids[row].tolist()) for row in range(len(ids))]

    def known(self, examples: Examples) -> NDArray[np.bool_]:
        return examples.frame["target"].notna().to_numpy()

    def wanted(self, examples: Examples) -> Ragged:
        return examples.ragged("target")

    @abstractmethod
    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """What error rates count."""

    def statistics(
        self, metric: Metric, predictions: Predictions, examples: Examples
    ) -> NDArray[np.float64]:
        """Of texts or of their pieces, as the metric wants them."""
        written, wanted = self.texts(predictions), examples.frame["target"].tolist()
        if metric.space == "tokens":
            return metric.collect(self.pieces(written), self.pieces(wanted))
        return metric.collect(written, wanted)

    def present(self, predictions: Predictions, examples: Examples) -> dict[str, Any]:
        return {"predicted": self.texts(predictions)}

    def exhibits(self, predictions: Predictions, examples: Examples, read: Input) -> list[Exhibit]:
        """Some side by side, quality by length."""
        metric: Metric = registry.load("metrics", self.metrics[0])()
        statistics = self.statistics(metric, predictions, examples)
        return exhibits(Written(self.texts(predictions), metric, statistics), examples, read)
