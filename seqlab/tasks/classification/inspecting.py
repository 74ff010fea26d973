"""The data doctor's round for texts with labels, before any compute."""

from __future__ import annotations

from collections import Counter

from seqlab.data.findings import Finding
from seqlab.data.inspection import (
    FEW,
    as_finding,
    group_findings,
    label_findings,
    split_findings,
    text_findings,
)
from seqlab.data.label_noise import noise_findings
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classification.labelled import Labelled, labelled


def inspect(sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
    """Counts, lengths, balance, duplicates, leakage, groups, suspected label noise."""
    try:
        data = labelled(sources, spec)
    except UserError as error:
        return [as_finding(error)]
    findings = [Finding("info", note) for note in data.notes if note not in sources.train.notes]
    findings += text_findings(data.shown, data.labels)
    findings += label_findings(data.labels) if data.sets is None else _set_findings(data)
    findings += group_findings(sources.train.frame, spec.group)
    try:
        parts = data.divide(spec, seed)[0]
    except UserError as error:
        return [*findings, as_finding(error)]
    if data.sets is not None:
        return findings + split_findings(parts)
    findings += split_findings(parts, data.labels)
    return findings + noise_findings(data.shown, data.labels, seed)


def _set_findings(data: Labelled) -> list[Finding]:
    """How often each of several labels holds."""
    assert data.sets is not None
    counts = Counter(label for labels in data.sets for label in labels)
    shares = [f"{name} {count / len(data.sets):.1%}" for name, count in counts.most_common(8)]
    more = f" and {len(counts) - 8} more" if len(counts) > 8 else ""
    found = [Finding("info", f"{len(counts)} labels", ", ".join(shares) + more)]
    rare = [name for name, count in counts.items() if count < FEW]
    if rare:
        found.append(
            Finding(
                "warning",
                f"labels with fewer than {FEW} examples: {len(rare)}",
                ", ".join(rare[:8]),
                "merge them or add examples: their results will be chance",
            )
        )
    return found
