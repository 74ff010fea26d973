"""What a report shows of transcriptions: some side by side, errors by length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqlab.data.examples import Examples, Ragged, Rows
from seqlab.metrics.base import Array, Metric
from seqlab.metrics.edits import edit_distance
from seqlab.tasks.base import Exhibit
from seqlab.tasks.binned import binned

SHOWN = 12


def exhibits(
    written: Sequence[str], examples: Examples, metric: Metric, statistics: Array
) -> list[Exhibit]:
    """Recordings from the shortest to the longest; the statistics are the metric's."""
    steps = examples.arrays["steps"]
    assert isinstance(steps, Ragged)
    order = np.argsort(steps.lengths, kind="stable")
    chosen = order[np.unique(np.linspace(0, len(order) - 1, SHOWN).round().astype(int))]
    items = []
    for row in chosen:
        target = str(examples.frame["target"].iloc[row])
        items.append(
            {
                "text": str(examples.frame["recording"].iloc[row]),
                "target": target,
                "predicted": written[row],
                "score": round(edit_distance(written[row], target) / len(target), 3),
            }
        )
    note = "From the shortest recording to the longest; in brackets, edits a character wanted."
    return [
        Exhibit("examples", "Texts side by side", {"items": items}, note),
        _by_length(steps.lengths, metric, statistics),
    ]


def _by_length(lengths: Rows, metric: Metric, statistics: Array) -> Exhibit:
    labels = ("steps in the recording", metric.name)
    return binned("Score by length", lengths, lambda rows: metric.value(statistics[rows]), labels)
