"""Texts and labels to examples: vocabulary and classes come from the training part alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.splits import Splits
from seqlab.data.tokens import Tokenizer, TokenSpec, train_tokenizer
from seqlab.errors import UserError, unknown
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.classification.labelled import Labelled

METRICS = ("accuracy", "macro-f1", "log-loss", "auroc", "calibration-error")
IMBALANCED = 0.75  # from this share of the largest class on, accuracy hides the others
LONGEST = 512  # tokens of a text that are read by default, if the 99 % quantile is beyond
PARTS = ("train", "valid", "test")


class Fitted(Spec):
    """What was learned from the training part, but for the tokeniser."""

    classes: tuple[str, ...]
    metrics: tuple[str, ...]
    columns: dict[str, str]
    max_tokens: int
    class_weights: tuple[float, ...] = ()

    def encode(
        self, texts: Sequence[str], labels: Sequence[str | None], tokenizer: Tokenizer
    ) -> Examples:
        """Token ids and class numbers; -1 where a label is not known."""
        number = {name: i for i, name in enumerate(self.classes)}
        ids: list[Array] = [
            row[: self.max_tokens] if len(row) else np.ones(1, dtype=np.int32)
            for row in tokenizer.encode_batch(texts)
        ]
        known = [-1 if name is None else number.get(name, -1) for name in labels]
        return Examples(
            {"tokens": Ragged.of(ids), "label": np.asarray(known, dtype=np.int64)},
            pd.DataFrame({"text": list(texts), "label": list(labels)}, dtype=object),
        )


def fit_and_encode(
    data: Labelled, splits: Splits, spec: DataSpec
) -> tuple[Fitted, Tokenizer, list[Examples], dict[str, Any]]:
    """The fitted state, the parts, and the data card."""
    texts, labels = np.asarray(data.texts, object), np.asarray(data.labels, object)
    rows = {part: getattr(splits, part) for part in PARTS}
    classes = _classes(data, labels, rows)
    tokenizer = train_tokenizer(texts[rows["train"]].tolist(), _token_spec(texts, rows, spec))
    lengths = [len(row) for row in tokenizer.encode_batch(texts[rows["train"]].tolist())]
    longest = spec.max_tokens or min(LONGEST, max(1, int(np.quantile(lengths, 0.99))))
    fitted = Fitted(
        classes=classes,
        metrics=_metrics(spec.metric, labels[rows["train"]]),
        columns=data.columns,
        max_tokens=longest,
        class_weights=_weights(classes, labels[rows["train"]]) if spec.label_weights else (),
    )
    parts = [
        fitted.encode(texts[rows[part]].tolist(), labels[rows[part]].tolist(), tokenizer)
        for part in PARTS
    ]
    cut = int((np.asarray(lengths) > longest).sum())
    card = {
        "parts": {part: len(rows[part]) for part in PARTS},
        "classes": {c: int((labels[rows["train"]] == c).sum()) for c in classes},
        "split": splits.how,
        "columns": data.columns,
        "notes": [*data.notes, *splits.notes],
        "tokenizer": tokenizer.spec.plain(),
        "vocabulary": tokenizer.vocabulary_size,
        "longest_text_in_tokens": int(max(lengths)),
        "tokens_read_of_each_text": longest,
        "training_texts_cut": cut,
        "duplicates_removed": 0 if splits.overlap is None else len(splits.overlap.removed),
    }
    return fitted, tokenizer, parts, card


def _classes(data: Labelled, labels: Array, rows: dict[str, Any]) -> tuple[str, ...]:
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
            f'"{data.tables[0][0]}": column "{data.columns["label"]}": the training part has one'
            " class only",
            "bring more examples, or other shares with --split",
        )
    return tuple(sorted(known, key=_natural))


def _natural(name: str) -> tuple[int, float, str]:
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def _token_spec(texts: Array, rows: dict[str, Any], spec: DataSpec) -> TokenSpec:
    kind = spec.tokenizer
    if kind is None:
        sample = [str(text) for text in texts[rows["train"]][:2000]]
        words = sum(len(text.split()) for text in sample) / max(len(sample), 1)
        letters = sum(map(len, sample)) / max(sum(len(text.split()) for text in sample), 1)
        single = words < 1.5  # names, codes
        unspaced = letters > 15  # scripts that put no spaces between words
        kind = "character" if single or unspaced else "word"
    return TokenSpec(kind=kind, vocabulary=spec.vocabulary)


def _metrics(asked: str | None, labels: Array) -> tuple[str, ...]:
    largest = Counter(labels).most_common(1)[0][1] / len(labels)
    primary = asked or ("macro-f1" if largest > IMBALANCED else "accuracy")
    if primary not in METRICS:
        raise unknown("metric of classify", primary, METRICS)
    return (primary, *(name for name in METRICS if name != primary))


def _weights(classes: Sequence[str], labels: Array) -> tuple[float, ...]:
    counts = Counter(labels)
    return tuple(len(labels) / (len(classes) * counts[name]) for name in classes)
