"""The data doctor's round for series and images with labels, before any compute."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding, group_findings, label_findings, split_findings
from seqlab.data.splits import Splits
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.series_classification.collection import Collection

FLAT = 1e-8


def findings_of(data: Collection, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
    """What concerns any values with labels: classes, groups, parts, copies in two parts."""
    findings = [Finding("info", note) for note in data.notes if note not in sources.train.notes]
    findings += label_findings([str(label) for label in data.labels])
    findings += group_findings(sources.train.frame.select_dtypes(exclude="object"), spec.group)
    try:
        parts = data.divide(spec, seed)[0]
    except UserError as error:
        return [*findings, as_finding(error)]
    labels = [str(label) for label in data.labels]
    return findings + split_findings(parts, labels) + _copies(data, parts)


def _copies(data: Collection, parts: Splits) -> list[Finding]:
    """Examples that are in training and in test, or that have two labels."""
    keys = pd.Series([_digest(values) for values in data.values])
    train = set(keys.iloc[parts.train])
    shared = {part: int(keys.iloc[getattr(parts, part)].isin(train).sum()) for part in _OTHERS}
    findings = []
    if any(shared.values()):
        findings.append(
            Finding(
                "warning",
                f"test examples that are also in training: {shared['test']:,},"
                f" validation examples: {shared['valid']:,}",
                "they are kept in both parts",
                "results on them measure memory: take them out at the source",
            )
        )
    several = pd.DataFrame({"key": keys, "label": data.labels}).groupby("key")["label"].nunique()
    if (several > 1).any():
        first = [
            data.names[int(row)] for row in np.flatnonzero(keys == several.index[several > 1][0])
        ]
        findings.append(
            Finding(
                "warning",
                f"examples with more than one label: {int((several > 1).sum()):,}",
                f"{first[0]} and {first[1]} hold the same values",
                "decide for one label: no model can be right about all of them",
            )
        )
    return findings


_OTHERS = ("valid", "test")


def _digest(values: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def series_findings(data: Collection) -> list[Finding]:
    """Counts, lengths, gaps, and channels or series that never change."""
    lengths = np.array([len(values) for values in data.values])
    channels = data.values[0].shape[1]
    steps = f"{lengths.min():,}" + (f" to {lengths.max():,}" if np.ptp(lengths) else "")
    findings = [
        Finding(
            "info",
            f"{len(lengths):,} series of {steps} steps, {channels} channel"
            + ("s" if channels > 1 else ""),
            f"{np.median(lengths):,.0f} steps in the middle" if np.ptp(lengths) else "",
        )
    ]
    gaps = [float(np.isnan(values).mean()) for values in data.values]
    if any(gaps):
        row = int(np.argmax(gaps))
        findings.append(
            Finding(
                "warning",
                f"missing values: {np.mean(gaps):.1%}, in {np.count_nonzero(gaps):,} series",
                f"most in {data.names[row]}: {gaps[row]:.0%}",
                "filled in between neighbours, or marked: --set options.missing=interpolate|mask",
            )
        )
    return findings + _flat(data.values, data.names)


def _flat(series: Sequence[NDArray[Any]], names: Sequence[str]) -> list[Finding]:
    spread = np.array([np.nanmax(np.nanstd(x, axis=0)) for x in series])
    flat = np.flatnonzero(spread < FLAT)
    if not len(flat):
        return []
    return [
        Finding(
            "warning",
            f"series that never change: {len(flat):,}",
            f"the first is {names[flat[0]]}",
            "was the sensor off? Take them out if so",
        )
    ]
