"""The data doctor's round for texts with numbers, before any compute."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding, group_findings, split_findings, text_findings
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.regression.reading import read
from seqlab.tasks.series_classification.collection import Values
from seqlab.tasks.series_classification.scaling import MUCH
from seqlab.tasks.texts.reading import as_one

FAR = 8.0  # interquartile ranges beyond the quartiles
SKEWED = 2.0
FEW = 20  # different values under which numbers may be classes


def inspect(sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
    """The targets' spread, outliers and skew; lengths, duplicates, leakage, groups, parts."""
    try:
        data = read(sources, spec)
    except UserError as error:
        return [as_finding(error)]
    findings = [Finding("info", note) for note in data.notes if note not in sources.train.notes]
    if data.texts is not None:
        findings += text_findings(as_one(data.texts, data.others))
    if data.series is not None:
        findings.append(_series_finding(data.series))
    for k, name in enumerate(data.names):
        findings += target_findings(name, data.targets[:, k])
    findings += group_findings(sources.train.frame, spec.group)
    try:
        parts = data.divide(spec, seed)[0]
    except UserError as error:
        return [*findings, as_finding(error)]
    return findings + split_findings(parts)


def _series_finding(series: list[Values]) -> Finding:
    steps = np.array([len(values) for values in series])
    missing = sum(int(np.isnan(values).sum()) for values in series)
    share = missing / sum(values.size for values in series)
    return Finding(
        "warning" if share > MUCH else "info",
        f"{len(series):,} series of {int(np.median(steps)):,} steps in the middle,"
        f" {series[0].shape[1]} channels",
        f"the shortest has {steps.min():,} steps, the longest {steps.max():,}; missing values:"
        f" {share:.1%}",
    )


def target_findings(name: str, values: NDArray[np.float64]) -> list[Finding]:
    """How the numbers of one target lie."""
    known = values[~np.isnan(values)]
    low, first, middle, third, high = np.quantile(known, [0, 0.25, 0.5, 0.75, 1])
    found = [
        Finding(
            "info",
            f'target "{name}": {middle:.4g} in the middle, half between {first:.4g} and'
            f" {third:.4g}",
            f"mean {known.mean():.4g}, standard deviation {known.std():.4g}, from {low:.4g} to"
            f" {high:.4g}",
        )
    ]
    if len(known) < len(values):
        found.append(Finding("warning", f'"{name}" unknown in {len(values) - len(known):,} rows'))
    distinct = len(np.unique(known))
    if distinct == 1:
        return [*found, Finding("error", f'"{name}" is always {low:g}', "", "name another column")]
    if distinct < FEW and (known == known.round()).all():
        found.append(
            Finding(
                "warning",
                f'"{name}" has {distinct} different whole values',
                "their order counts here, and the space between them",
                "if they are classes: --task classify",
            )
        )
    return found + _shape(name, known, third - first)


def _shape(name: str, known: NDArray[np.float64], between: float) -> list[Finding]:
    first, third = np.quantile(known, [0.25, 0.75])
    far = (known < first - FAR * between) | (known > third + FAR * between)
    if between > 0 and far.any():
        return [
            Finding(
                "warning",
                f'"{name}" has values far from the others: {far.sum():,}',
                f"the furthest is {known[np.abs(known - np.median(known)).argmax()]:.6g}",
                "check them: squared errors follow them; options.loss = absolute does not",
            )
        ]
    skew = float(((known - known.mean()) ** 3).mean() / max(known.std(), 1e-300) ** 3)
    if skew > SKEWED and known.min() >= 0:
        return [
            Finding(
                "warning",
                f'"{name}" has a long tail of high values (skewness {skew:.1f})',
                "",
                "if ratios matter more than differences, predict its logarithm",
            )
        ]
    return []
