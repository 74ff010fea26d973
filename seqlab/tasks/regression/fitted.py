"""What was learned from the training part, and how rows become examples with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Array, Examples
from seqlab.data.splits import Splits
from seqlab.data.tokens import Tokenizer
from seqlab.errors import unknown
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.regression.reading import Reading
from seqlab.tasks.regression.targets import scale_of
from seqlab.tasks.texts.reading import TextOptions, TextReading, fit_reading

METRICS = ("mae", "rmse", "r2", "spearman")
PARTS = ("train", "valid", "test")
LOSSES = {"mae": "absolute"}  # what serves a primary metric best; squared for the others


class Options(TextOptions):
    """Settings of regress: how long documents are read, and what is minimised.

    loss: None: absolute errors where MAE is the primary metric, else squared ones.
    """

    loss: Literal["absolute", "squared", "huber"] | None = None


class Fitted(Spec):
    """Targets, their scale, and how texts are read."""

    targets: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    metrics: tuple[str, ...]
    columns: dict[str, str]
    loss: Literal["absolute", "squared", "huber"]
    reading: TextReading

    def encode(
        self,
        tokenizer: Tokenizer,
        texts: Sequence[str],
        others: Sequence[str] | None,
        targets: NDArray[np.float64],
    ) -> Examples:
        """Token ids and targets in their own units; NaN where one is not known."""
        columns: dict[str, Any] = {"text": list(texts)}
        columns |= {} if others is None else {"text2": list(others)}
        arrays: dict[str, Any] = {"tokens": self.reading.encode(tokenizer, texts, others)}
        return Examples(arrays | {"target": targets}, pd.DataFrame(columns, dtype=object))


def fit_and_encode(
    data: Reading, splits: Splits, spec: DataSpec
) -> tuple[Fitted, Tokenizer, list[Examples], dict[str, Any]]:
    """The fitted state, the parts, and the data card."""
    options = Options.read(spec.options, "options")
    rows = {part: getattr(splits, part) for part in PARTS}
    mean, std = scale_of(data.targets[rows["train"]], data.names, data.origin)

    def some(texts: list[str] | None, part: str) -> list[str] | None:
        return None if texts is None else [texts[row] for row in rows[part]]

    texts = some(data.texts, "train") or []
    reading, tokenizer, card = fit_reading(texts, some(data.others, "train"), spec, options.text)
    metrics = _metrics(spec.metric)
    fitted = Fitted(
        targets=data.names,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        metrics=metrics,
        columns=data.columns,
        loss=options.loss or LOSSES.get(metrics[0], "squared"),
        reading=reading,
    )
    parts = [
        fitted.encode(
            tokenizer,
            some(data.texts, part) or [],
            some(data.others, part),
            data.targets[rows[part]],
        )
        for part in PARTS
    ]
    return fitted, tokenizer, parts, _card(data, splits, fitted) | card


def _metrics(asked: str | None) -> tuple[str, ...]:
    primary = asked or METRICS[0]
    if primary not in METRICS:
        raise unknown("metric of regress", primary, METRICS)
    return (primary, *(name for name in METRICS if name != primary))


def _card(data: Reading, splits: Splits, fitted: Fitted) -> dict[str, Any]:
    return {
        "parts": {part: len(getattr(splits, part)) for part in PARTS},
        "targets": {
            name: {"mean": fitted.mean[k], "standard_deviation": fitted.std[k]}
            for k, name in enumerate(data.names)
        },
        "units_of_metrics": "the target's own" if len(data.names) == 1 else "standard deviations",
        "split": splits.how,
        "columns": data.columns,
        "notes": [*data.notes, *splits.notes],
        "duplicates_removed": 0 if splits.overlap is None else len(splits.overlap.removed),
    }


def standard(values: Array | NDArray[np.float64], fitted: Fitted) -> NDArray[np.float64]:
    """Targets or predictions (n, K) in standard deviations from the training part's mean."""
    return np.asarray((values - np.asarray(fitted.mean)) / np.asarray(fitted.std), dtype=np.float64)
