"""F1 of spans, exact: a span counts where its start, its end and its type are all right."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.spans import spans
from seqlab.registry import registered

CARD = {"tasks": ["tag"]}


@registered
class SpanF1(Metric):
    """Statistics: spans that are right, spans predicted, spans in the data.

    F1 = 2·right / (predicted + in the data), over all examples together (micro average), as the
    CoNLL evaluation script has it; 0 where there is no span at all.
    """

    higher_is_better = True
    unit_range = True

    def collect(self, predictions: Any, targets: Any) -> Array:
        """Sequences of tags, in any scheme (IOB1, IOB2, BIOES): a list of strings an example."""
        counts = []
        for predicted, wanted in zip(predictions, targets, strict=True):
            assert len(predicted) == len(wanted), "a tag for every token"
            found, given = set(spans(predicted)), set(spans(wanted))
            counts.append((len(found & given), len(found), len(given)))
        return np.asarray(counts, dtype=np.float64).reshape(-1, 3)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        right, predicted, given = (weights @ statistics).T
        total = predicted + given
        return np.where(total == 0, 0.0, 2 * right / np.where(total == 0, 1.0, total))
