"""What was learned from the training part, and how rows become examples with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.data.splits import Splits
from seqlab.data.tokens import Tokenizer
from seqlab.errors import unknown
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.regression.options import Options
from seqlab.tasks.regression.reading import Reading
from seqlab.tasks.regression.series import SeriesReading, fit_series
from seqlab.tasks.regression.targets import scale_of
from seqlab.tasks.series_classification.collection import Values
from seqlab.tasks.texts.reading import TextReading, fit_reading

METRICS = ("mae", "rmse", "r2", "spearman")
PARTS = ("train", "valid", "test")
LOSSES = {"mae": "absolute"}  # what serves a primary metric best; squared for the others

Array = NDArray[np.float64]


class Fitted(Spec):
    """Targets, their scale, and how texts or series are read: one of the two."""

    targets: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    metrics: tuple[str, ...]
    columns: dict[str, str]
    examples: int
    loss: Literal["absolute", "squared", "huber"]
    text: TextReading | None = None
    series: SeriesReading | None = None

    def encode_texts(
        self,
        tokenizer: Tokenizer,
        texts: Sequence[str],
        others: Sequence[str] | None,
        targets: Array,
    ) -> Examples:
        """Token ids, and targets in their own units; NaN where one is not known."""
        assert self.text is not None
        columns: dict[str, Any] = {"text": list(texts)}
        columns |= {} if others is None else {"text2": list(others)}
        tokens = self.text.encode(tokenizer, texts, others)
        frame = pd.DataFrame(columns, dtype=object)
        return Examples({"tokens": tokens, "target": targets}, frame)

    def encode_series(
        self, series: Sequence[Values], called: Sequence[str], targets: Array
    ) -> Examples:
        """Standard values, and targets in their own units; NaN where one is not known."""
        assert self.series is not None
        frame = pd.DataFrame({"name": list(called)}, dtype=object)
        return Examples({"values": self.series.encode(series), "target": targets}, frame)


def fit_and_encode(
    data: Reading, splits: Splits, spec: DataSpec
) -> tuple[Fitted, Tokenizer | None, list[Examples], dict[str, Any]]:
    """The fitted state, the parts, and the data card."""
    options = Options.read(spec.options, "options")
    rows = {part: getattr(splits, part) for part in PARTS}
    mean, std = scale_of(data.targets[rows["train"]], data.names, data.origin)
    metrics = _metrics(spec.metric)
    fields = {
        "targets": data.names,
        "mean": tuple(mean.tolist()),
        "std": tuple(std.tolist()),
        "metrics": metrics,
        "columns": data.columns,
        "examples": len(splits.train),
        "loss": options.loss or LOSSES.get(metrics[0], "squared"),
    }

    def some(values: Sequence[Any] | None, part: str) -> list[Any]:
        return [] if values is None else [values[row] for row in rows[part]]

    if data.series is not None:
        assert data.layout is not None
        series, notes = fit_series(some(data.series, "train"), data.layout, options.series)
        fitted = Fitted(**fields, series=series)
        parts = [
            fitted.encode_series(
                some(data.series, part), some(data.called, part), data.targets[rows[part]]
            )
            for part in PARTS
        ]
        return fitted, None, parts, _card(data, splits, fitted, notes)
    pair = data.others is not None
    others = some(data.others, "train") if pair else None
    text, tokenizer, card = fit_reading(some(data.texts, "train"), others, spec, options.text)
    fitted = Fitted(**fields, text=text)
    parts = [
        fitted.encode_texts(
            tokenizer,
            some(data.texts, part),
            some(data.others, part) if pair else None,
            data.targets[rows[part]],
        )
        for part in PARTS
    ]
    return fitted, tokenizer, parts, _card(data, splits, fitted, []) | card


def _metrics(asked: str | None) -> tuple[str, ...]:
    primary = asked or METRICS[0]
    if primary not in METRICS:
        raise unknown("metric of regress", primary, METRICS)
    return (primary, *(name for name in METRICS if name != primary))


def _card(data: Reading, splits: Splits, fitted: Fitted, notes: list[str]) -> dict[str, Any]:
    return {
        "parts": {part: len(getattr(splits, part)) for part in PARTS},
        "targets": {
            name: {"mean": fitted.mean[k], "standard_deviation": fitted.std[k]}
            for k, name in enumerate(data.names)
        },
        "units_of_metrics": "the target's own" if len(data.names) == 1 else "standard deviations",
        "split": splits.how,
        "columns": data.columns,
        "notes": [*data.notes, *notes, *splits.notes],
        "duplicates_removed": 0 if splits.overlap is None else len(splits.overlap.removed),
    }


def standard(values: NDArray[Any], fitted: Fitted) -> Array:
    """Targets or predictions (n, K) in standard deviations from the training part's mean."""
    return np.asarray((values - np.asarray(fitted.mean)) / np.asarray(fitted.std), dtype=np.float64)
