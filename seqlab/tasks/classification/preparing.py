"""Texts and labels to examples: vocabulary and classes come from the training part alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Array, Examples
from seqlab.data.splits import Splits
from seqlab.data.tokens import Tokenizer
from seqlab.errors import UserError, unknown
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.classification.label_sets import Labels
from seqlab.tasks.classification.labelled import TOGETHER, Labelled
from seqlab.tasks.classification.options import Options
from seqlab.tasks.texts.reading import TextReading, fit_reading

METRICS = ("accuracy", "macro-f1", "log-loss", "auroc", "calibration-error")
SEVERAL = ("micro-f1", "macro-f1", "accuracy", "log-loss", "auroc", "calibration-error")
IMBALANCED = 0.75  # from this share of the largest class on, accuracy hides the others
PARTS = ("train", "valid", "test")


class Fitted(Spec):
    """What was learned from the training part, but for the tokeniser.

    several: how an example holds several labels; empty: it has one. class_weights: with several
    labels, the weight of a label's positive examples.
    """

    classes: tuple[str, ...]
    metrics: tuple[str, ...]
    columns: dict[str, str]
    reading: TextReading
    examples: int
    several: str = ""
    class_weights: tuple[float, ...] = ()

    @property
    def multi_label(self) -> bool:
        """Whether an example can have several labels, or none."""
        return bool(self.several)

    def encode(
        self,
        tokenizer: Tokenizer,
        texts: Sequence[str],
        others: Sequence[str] | None,
        labels: Sequence[Labels | None],
    ) -> Examples:
        """Token ids and class numbers (n,), or 0/1 a label (n, L); -1 where it is not known."""
        number = {name: i for i, name in enumerate(self.classes)}
        columns: dict[str, Any] = {"text": list(texts)}
        columns |= {} if others is None else {"text2": list(others)}
        columns["label"] = [None if names is None else TOGETHER.join(names) for names in labels]
        encode = self._sets if self.multi_label else self._one
        return Examples(
            {
                "tokens": self.reading.encode(tokenizer, texts, others),
                "label": encode(labels, number),
            },
            pd.DataFrame(columns, dtype=object),
        )

    def _one(self, labels: Sequence[Labels | None], number: dict[str, int]) -> NDArray[np.int64]:
        known = [-1 if names is None else number.get(names[0], -1) for names in labels]
        return np.asarray(known, dtype=np.int64)

    def _sets(self, labels: Sequence[Labels | None], number: dict[str, int]) -> NDArray[np.int64]:
        held = np.zeros((len(labels), len(number)), dtype=np.int64)
        for row, names in enumerate(labels):
            if names is None:
                held[row] = -1
            else:
                held[row, [number[name] for name in names if name in number]] = 1
        return held


def fit_and_encode(
    data: Labelled, splits: Splits, spec: DataSpec
) -> tuple[Fitted, Tokenizer, list[Examples], dict[str, Any]]:
    """The fitted state, the parts, and the data card."""
    rows = {part: getattr(splits, part) for part in PARTS}
    classes, notes = _classes(data, rows)

    def some(values: Sequence[str] | None, part: str) -> list[str] | None:
        return None if values is None else [values[row] for row in rows[part]]

    texts, options = some(data.texts, "train") or [], Options.read(spec.options, "options")
    reading, tokenizer, card = fit_reading(texts, some(data.others, "train"), spec, options.text)
    sets = [(name,) for name in data.labels] if data.sets is None else list(data.sets)
    counts = Counter(name for row in rows["train"] for name in sets[row])
    fitted = Fitted(
        classes=classes,
        metrics=metrics_for(spec.metric, counts, bool(data.several)),
        columns=data.columns,
        reading=reading,
        examples=len(splits.train),
        several=data.several,
        class_weights=class_weights_of(classes, counts, len(rows["train"]), bool(data.several))
        if spec.label_weights
        else (),
    )
    parts = [
        fitted.encode(
            tokenizer,
            some(data.texts, part) or [],
            some(data.others, part),
            [sets[row] for row in rows[part]],
        )
        for part in PARTS
    ]
    card = {
        "parts": {part: len(rows[part]) for part in PARTS},
        "classes": {name: counts[name] for name in classes},
        "labels_of_an_example": "several" if data.several else "one",
        "split": splits.how,
        "columns": data.columns,
        "notes": [*data.notes, *notes, *splits.notes],
        **card,
        "duplicates_removed": 0 if splits.overlap is None else len(splits.overlap.removed),
    }
    return fitted, tokenizer, parts, card


def _classes(data: Labelled, rows: dict[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """The classes of the training part, and what is to be said of the others."""
    if data.sets is not None:
        return _labels(data, rows)
    labels: Array = np.asarray(data.labels, object)
    known = set(labels[rows["train"]])
    for part in ("valid", "test"):
        strange = [int(row) for row in rows[part] if labels[row] not in known]
        if strange:
            raise UserError(
                f'{data.place(strange[0], "label")}: label "{labels[strange[0]]}" is in {part}'
                f" but not in training ({len(strange)} such rows)",
                "move an example of it into training, or take its rows out",
            )
    if len(known) < 2:
        raise UserError(
            f'"{data.origin}": column "{data.columns["label"]}": the training part has one'
            " class only",
            "bring more examples, or other shares with --split",
        )
    return tuple(sorted(known, key=natural)), []


def _labels(data: Labelled, rows: dict[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """The labels that training knows; one that it does not know cannot be learned or scored."""
    assert data.sets is not None
    held = {part: {n for row in rows[part] for n in data.sets[row]} for part in PARTS}
    if len(held["train"]) < 2:
        raise UserError(
            f'"{data.origin}": column "{data.columns["label"]}": the training part has fewer than'
            " two labels",
            "bring more examples, or other shares with --split",
        )
    notes = [
        f"labels in {part} that training does not know are not scored: {', '.join(strange[:8])}"
        for part in ("valid", "test")
        if (strange := sorted(held[part] - held["train"], key=natural))
    ]
    return tuple(sorted(held["train"], key=natural)), notes


def natural(name: str) -> tuple[int, float, str]:
    """A key that puts numbers in their order, before words."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def metrics_for(asked: str | None, counts: Counter[str], several: bool) -> tuple[str, ...]:
    """All metrics, the primary one first: as asked for, or what the balance of classes suggests."""
    known = SEVERAL if several else METRICS
    imbalanced = counts.most_common(1)[0][1] / counts.total() > IMBALANCED
    primary = asked or ("macro-f1" if imbalanced and not several else known[0])
    if primary not in known:
        raise unknown("metric of classify", primary, known)
    return (primary, *(name for name in known if name != primary))


def class_weights_of(
    classes: Sequence[str], counts: Counter[str], rows: int, several: bool
) -> tuple[float, ...]:
    """Weights that make classes count alike, or a label's positive examples as its negative."""
    if several:
        return tuple((rows - counts[name]) / max(counts[name], 1) for name in classes)
    return tuple(rows / (len(classes) * counts[name]) for name in classes)
