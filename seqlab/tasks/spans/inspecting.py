"""The data doctor's round for questions with answers, before any compute."""

from __future__ import annotations

import numpy as np

from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding, split_findings
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.spans.reading import Reading, read

LONG = 400  # words of a context from which much of it is cut by default
FEW = 1000  # questions under which little can be learned from scratch


def inspect(sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
    """Answers that do not fit, lengths, how often contexts repeat, parts."""
    try:
        data = read(sources, spec)
    except UserError as error:
        return [as_finding(error)]
    findings = [
        Finding("warning" if "left out" in note or "moved" in note else "info", note)
        for note in data.notes
        if note not in sources.train.notes
    ]
    findings += _counts(data)
    try:
        parts = data.divide(spec, seed)[0]
    except UserError as error:
        return [*findings, as_finding(error)]
    return findings + split_findings(parts)


def _counts(data: Reading) -> list[Finding]:
    questions = data.questions
    contexts = {q.context for q in questions}
    words = np.array([len(context.split()) for context in contexts])
    answered = [q for q in questions if q.spans]
    lengths = np.array([len(q.answers[0].split()) for q in answered] or [0])
    several = sum(len(q.answers) > 1 for q in answered)
    found = [
        Finding(
            "info",
            f"{len(questions):,} questions about {len(contexts):,} contexts of"
            f" {int(np.median(words))} words in the middle",
            f"answers have {lengths.mean():.1f} words in the mean, {lengths.max():,} at most;"
            f" {several:,} questions accept several answers",
        )
    ]
    if len(answered) < len(questions):
        share = 1 - len(answered) / len(questions)
        found.append(Finding("info", f"questions without an answer in their context: {share:.0%}"))
    if words.max() > LONG:
        found.append(
            Finding(
                "info",
                f"contexts of more than {LONG} words: {int((words > LONG).sum()):,}",
                "what is longer than the window is read in several that overlap, which costs more",
                "see --set data.max_tokens=… and data.stride=…",
            )
        )
    if len(questions) < FEW:
        found.append(
            Finding(
                "warning",
                f"{len(questions):,} questions are few to learn reading from",
                "",
                "bring more, or expect little above the best-overlap sentence",
            )
        )
    return found
