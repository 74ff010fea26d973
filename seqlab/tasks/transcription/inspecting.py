"""The data doctor's round for recordings with texts, before any compute."""

from __future__ import annotations

import numpy as np

from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding, group_findings, split_findings, text_findings
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.transcription.recordings import Recordings, recordings_of


def inspect(sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
    """Counts, frames against characters, missing values, parts and the texts they share."""
    try:
        data = recordings_of(sources, spec)
    except UserError as error:
        return [as_finding(error)]
    findings = [Finding("info", note) for note in data.notes if note not in sources.train.notes]
    findings += [_frames(data), *_missing(data), *text_findings(data.texts)]
    findings += group_findings(sources.train.frame, spec.group)
    try:
        parts = data.divide(spec, seed)[0]
    except UserError as error:
        return [*findings, as_finding(error)]
    known = {data.texts[row] for row in parts.train}
    shared = float(np.mean([data.texts[row] in known for row in parts.test]))
    findings += split_findings(parts)
    if shared > 0:
        findings.append(
            Finding(
                "warning" if shared > 0.5 else "info",
                f"test texts that training holds too: {shared:.0%}",
                "said in other recordings",
                "words are then told apart, not spelled: new ones may be much harder"
                if shared > 0.5
                else "",
            )
        )
    return findings


def _frames(data: Recordings) -> Finding:
    frames = np.array([len(one) for one in data.frames])
    characters = np.array([len(text) for text in data.texts])
    ratio = frames / characters
    scarce = int((ratio < 1).sum())
    return Finding(
        "warning" if scarce else "info",
        f"{len(frames):,} recordings of {frames.min():,}–{frames.max():,} frames,"
        f" {data.frames[0].shape[1]} channels",
        f"{np.median(ratio):.3g} frames a character in the middle; fewer than one: {scarce:,}",
        "those cannot be learned: bring more frames a second" if scarce else "",
    )


def _missing(data: Recordings) -> list[Finding]:
    holed = [row for row, one in enumerate(data.frames) if np.isnan(one).any()]
    if not holed:
        return []
    return [
        Finding(
            "warning",
            f"recordings with missing values: {len(holed):,}",
            f"the first is recording {holed[0] + 1}",
            "they are read as the mean of their channel",
        )
    ]
