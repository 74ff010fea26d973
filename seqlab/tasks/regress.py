"""Numbers from texts or series: one for each text, pair of texts or series, or several at once.

"one long string of cliches" → −2.1
the accelerations of a walk, 50 a second → 78.5 (the weight of who walks)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.tasks.base import Confidence, Loss, Predictions
from seqlab.tasks.inputs.series import Series
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.parts import ColumnRequest
from seqlab.tasks.row_task import RowTask, averaged
from seqlab.tasks.targets.numbers import Numbers

if TYPE_CHECKING:
    from torch import nn

    from seqlab.batch import Batch

CARD = {
    "roles": ["text", "text2", "series", "time", "target", "group", "split"],
    "settings": [
        "split",
        "group",
        "folds",
        "keep_duplicates",
        "tokenizer",
        "vocabulary",
        "max_tokens",
        "metric",
    ],
    "example": '"a stirring, funny film" → 2.7',
}


@registered
class Regress(RowTask):
    """Texts or series in, numbers (n, K) out, in the targets' own units."""

    input_types = (Text, Series)
    target_type = Numbers
    target: Numbers

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Texts, or arrays in cells, beside a column of many numbers, not all whole.

        Rows of numbers could be much else: they are a regression when that is asked for.
        """
        kinds = guess.describe(table.frame)
        lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
        if ColumnKind.TEXT in kinds.values() and not lists:
            return super().recognise(table)
        if len(lists) != 1 or guess.normalised(lists[0]) != "series":
            return Confidence(0.1, "no texts, and no series in a column of their own")
        try:
            target = Numbers.find(table, ColumnRequest({}, lists))
        except UserError as error:
            return Confidence(0.0, error.message)
        if target.score < 0.4:
            return Confidence(0.1, target.why)
        return Confidence(0.96, f'a series in each cell of "{lists[0]}" and {target.why}')

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """Reviews and how much was liked."""
        rng = np.random.default_rng(seed)
        worth = {"great": 2.5, "fine": 1.2, "poor": -1.1, "awful": -2.4}
        words = rng.choice(list(worth), (rows, 2))
        texts = [f"a {one} film with a {other} end, {n}" for n, (one, other) in enumerate(words)]
        score = [sum(worth[w] for w in pair) + rng.normal(0, 0.1) for pair in words]
        return Table(pd.DataFrame({"text": texts, "score": np.round(score, 3)}), "sample")

    def head(self, width: int) -> nn.Module:
        """A number for each target."""
        from torch import nn

        return nn.Linear(width, len(self.target.names))

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Absolute, squared or Huber loss over the known targets."""
        from torch.nn import functional as F

        wanted = batch.targets
        assert wanted is not None
        known = ~wanted.isnan()
        predicted = model(batch.inputs, batch.context)[known]
        measure = {
            "absolute": F.l1_loss,
            "squared": F.mse_loss,
            "huber": F.smooth_l1_loss,
        }[self.target.loss]
        return Loss(measure(predicted, wanted[known]), float(known.sum()))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """(B, K) in the targets' own units."""
        answers = model(batch.inputs, batch.context).double().cpu().numpy()
        return self.target.in_own_units(averaged(answers, batch))
