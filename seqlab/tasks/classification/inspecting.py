"""The data doctor's round for texts with labels, before any compute."""

from __future__ import annotations

from seqlab.data.findings import Finding
from seqlab.data.inspection import (
    as_finding,
    group_findings,
    label_findings,
    split_findings,
    text_findings,
)
from seqlab.data.label_noise import noise_findings
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classification.labelled import labelled


def inspect(sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
    """Counts, lengths, balance, duplicates, leakage, groups, suspected label noise."""
    try:
        data = labelled(sources, spec)
    except UserError as error:
        return [as_finding(error)]
    findings = [Finding("info", note) for note in data.notes if note not in sources.train.notes]
    findings += text_findings(data.texts, data.labels) + label_findings(data.labels)
    findings += group_findings(sources.train.frame, spec.group)
    try:
        parts = data.divide(spec, seed)[0]
    except UserError as error:
        return [*findings, as_finding(error)]
    findings += split_findings(parts, data.labels)
    return findings + noise_findings(data.texts, data.labels, seed)
