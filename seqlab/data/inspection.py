"""Texts, labels and parts before any compute: what is there, what will go wrong, what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.duplicates import text_keys
from seqlab.data.findings import Finding
from seqlab.data.splits import PARTS, Splits
from seqlab.data.words import count_words, single_spaced
from seqlab.errors import UserError

IMBALANCE_RATIO = 10  # times as many examples in the largest class as in the smallest
MIN_ROWS_PER_CLASS = 10  # below it little can be learned of a class
SHOWN_CHARACTERS = 60  # of a text
# What UTF-8 looks like when it was read as Latin-1, and what stands for an unreadable byte.
_GARBLED = re.compile("[ÃÂ][\u0080-\u00bf]|â€|\ufffd")


def text_findings(texts: Sequence[str], labels: Sequence[str] | None = None) -> list[Finding]:
    """Counts, lengths, empty and constant texts, duplicates, and texts with two labels."""
    findings = [_lengths(texts)]
    empty = np.array([not text.strip() for text in texts])
    if empty.all():
        return [
            Finding(
                "error", "all texts are empty", advice="name the column with the texts: --columns"
            )
        ]
    if empty.any():
        findings.append(
            Finding(
                "warning",
                f"empty texts: {empty.sum():,} of {len(texts):,}",
                f"the first is in row {int(empty.argmax()) + 1}",
                "remove these rows: an empty text only teaches a model the most common class",
            )
        )
    if len(set(texts)) == 1 and len(texts) > 1:
        findings.append(
            Finding(
                "error",
                "all texts are the same",
                f'"{shown(texts[0])}"',
                "name the column with the texts: --columns",
            )
        )
        return findings
    garbled = [row for row, text in enumerate(texts) if _GARBLED.search(text)]
    if garbled:
        findings.append(
            Finding(
                "warning",
                f"texts that were probably read in the wrong encoding: {len(garbled):,}",
                f'row {garbled[0] + 1}: "{shown(texts[garbled[0]])}"',
                "save the file as UTF-8, or name its encoding with --encoding",
            )
        )
    return findings + _duplicates(texts, labels)


def label_findings(labels: Sequence[str]) -> list[Finding]:
    """How many classes there are, how even they are, and classes too small to use."""
    counts = pd.Series(list(labels), dtype="object").value_counts(dropna=False)
    missing = pd.isna(pd.Series(list(labels), dtype="object")).to_numpy()
    findings = []
    if missing.any():
        findings.append(
            Finding(
                "error",
                f"rows without a label: {missing.sum():,} of {len(missing):,}",
                f"the first is row {int(missing.argmax()) + 1}",
                "fill them in or remove these rows",
            )
        )
        counts = counts[counts.index.notna()]
    if len(counts) < 2:
        only = f'all labels are "{counts.index[0]}"' if len(counts) else ""
        return [
            *findings,
            Finding("error", "only one class", only, "a comparison needs at least two classes"),
        ]
    shares = [f"{name} {count / counts.sum():.1%}" for name, count in counts.head(8).items()]
    more = f" and {len(counts) - 8} more" if len(counts) > 8 else ""
    findings.append(Finding("info", f"{len(counts)} classes", ", ".join(shares) + more))
    return findings + _uneven(counts)


def _uneven(counts: pd.Series) -> list[Finding]:
    single = [str(name) for name in counts.index[counts == 1]]
    if single:
        return [
            Finding(
                "error",
                f'class "{single[0]}" has one example',
                f"classes with one: {', '.join(single[:8])}",
                "add examples, merge it with another class or remove it; if you give the splits"
                " yourself, it can stay in training",
            )
        ]
    small = int((counts < MIN_ROWS_PER_CLASS).sum())
    if small:
        return [
            Finding(
                "warning",
                f"classes with fewer than {MIN_ROWS_PER_CLASS} examples: {small}",
                f'the smallest is "{counts.index[-1]}" with {counts.iloc[-1]}',
                "merge them or add examples: scores of so few are mostly chance",
            )
        ]
    if counts.iloc[0] > IMBALANCE_RATIO * counts.iloc[-1]:
        return [
            Finding(
                "warning",
                "the classes are imbalanced",
                f'"{counts.index[0]}" has {counts.iloc[0]:,} examples,'
                f' "{counts.index[-1]}" {counts.iloc[-1]:,}',
                "compare by macro-F1 (--metric macro-f1) and consider class weights",
            )
        ]
    return []


def split_findings(splits: Splits, labels: Sequence[str] | None = None) -> list[Finding]:
    """The parts' sizes, texts they share, and labels that training does not know."""
    sizes = ", ".join(f"{part} {len(getattr(splits, part)):,}" for part in PARTS)
    findings = [Finding("info", f"parts: {sizes}", "; ".join((splits.how, *splits.notes)))]
    shared = splits.overlap
    if shared is not None and shared.train_test + shared.train_valid:
        kept = not len(shared.removed)
        findings.append(
            Finding(
                "warning" if kept else "info",
                f"training texts that are also in test: {shared.train_test:,},"
                f" in validation: {shared.train_valid:,}",
                "they are kept in training" if kept else "they were removed from training",
                "scores on them measure memorisation: remove --keep-duplicates" if kept else "",
            )
        )
    if shared is not None and shared.valid_test:
        findings.append(
            Finding(
                "warning",
                f"validation texts that are also in test: {shared.valid_test:,}",
                "nothing was removed",
                "tuning then sees test texts: remove them from one of the files",
            )
        )
    return findings + _unseen(splits, labels)


def _unseen(splits: Splits, labels: Sequence[str] | None) -> list[Finding]:
    if labels is None:
        return []
    values = np.asarray(labels, dtype=object)
    known = set(values[splits.train])
    findings = []
    for part in ("valid", "test"):
        rows = getattr(splits, part)
        strange = [int(row) for row in rows if values[row] not in known]
        if strange:
            findings.append(
                Finding(
                    "error",
                    f'label "{values[strange[0]]}" is in {part} but not in training',
                    f"{len(strange):,} rows have such labels, row {strange[0] + 1} first",
                    "move examples of it into training or remove these rows",
                )
            )
    return findings


def as_finding(error: UserError) -> Finding:
    """What would end a study as a finding among others."""
    return Finding("error", error.message, advice=error.hint)


def shown(text: str) -> str:
    """A text short enough to show in one line."""
    line = single_spaced(text[: 20 * SHOWN_CHARACTERS])
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


def _lengths(texts: Sequence[str]) -> Finding:
    words = np.array([count_words(text) for text in texts])
    unit = "words"
    if np.median(words) <= 1:
        words, unit = np.array([len(text) for text in texts]), "characters"
    median, most = np.quantile(words, [0.5, 0.99], method="higher").astype(int)
    return Finding(
        "info",
        f"{len(texts):,} texts with a median of {median:,} {unit}; 99 % have at most {most:,}",
        f"the shortest has {words.min():,}, the longest {words.max():,}",
        "a few texts are far longer than the rest and will be cut: see --set data.max_tokens=…"
        if words.max() > 4 * most
        else "",
    )


def _duplicates(texts: Sequence[str], labels: Sequence[str] | None) -> list[Finding]:
    keys = pd.Series(text_keys(texts))
    counted = keys[keys >= 0]
    repeated = int(counted.duplicated().sum())
    if not repeated:
        return []
    first = int(counted.index[counted.duplicated()][0])
    findings = [
        Finding(
            "info" if repeated < 0.05 * len(texts) else "warning",
            f"texts that repeat an earlier one: {repeated:,}",
            f'row {first + 1}: "{shown(texts[first])}" (ignoring case and spaces)',
            "where copies are in two parts, the one in training is removed",
        )
    ]
    if labels is not None:
        findings += _contradictions(texts, keys.to_numpy(), np.asarray(labels, dtype=object))
    return findings


def _contradictions(
    texts: Sequence[str], keys: NDArray[np.int64], labels: NDArray[np.object_]
) -> list[Finding]:
    pairs = pd.DataFrame({"key": keys, "label": labels})[keys >= 0]
    several = pairs.groupby("key")["label"].nunique()
    several = several[several > 1]
    if several.empty:
        return []
    rows = pairs.index[pairs["key"] == several.index[0]]
    given = ", ".join(map(str, pd.unique(labels[rows])))
    where = ", ".join(str(row + 1) for row in rows[:4])
    return [
        Finding(
            "warning",
            f"texts with more than one label: {len(several):,}",
            f'"{shown(texts[rows[0]])}" is {given} (rows {where})',
            "keep one label for each text: no model can predict several for the same text",
        )
    ]
