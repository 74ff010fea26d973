"""The data doctor's round for tagged sequences, before any compute."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from seqlab.data.duplicates import text_keys
from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding, group_findings, shown, split_findings
from seqlab.errors import UserError
from seqlab.metrics.spans import OUTSIDE, illegal_steps, recognise
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.tagging.tagged import Tagged, tagged

FEW = 10  # tokens of a tag from which little can be learned
LISTED = 8
SURE = 20  # times that a word has to bear one tag before another looks like a slip
NAMES = {"iob1": "IOB1", "iob2": "IOB2", "bioes": "BIOES"}

NUMBERS = Finding(
    "info",
    "tags are numbers without names",
    "",
    "if they mark spans, name them from 0 on: --set options.tag_names=O,B-PER,I-PER",
)


def inspect(sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
    """Counts, lengths, tags, illegal steps, duplicates, contradictions, parts."""
    try:
        data = tagged(sources, spec)
    except UserError as error:
        return [as_finding(error)]
    findings = [Finding("info", note) for note in data.notes if note not in sources.train.notes]
    findings += [_counts(data), *_tags(data), *_scheme(data), *_duplicates(data), *_slips(data)]
    findings += group_findings(sources.train.frame, spec.group)
    try:
        parts = data.divide(spec, seed)[0]
    except UserError as error:
        return [*findings, as_finding(error)]
    return [*findings, *split_findings(parts), *_unseen(data, parts)]


def _counts(data: Tagged) -> Finding:
    lengths = np.array([len(steps) for steps in data.steps])
    unit, what = ("steps", "signals") if data.layout.form == "values" else ("tokens", "sentences")
    return Finding(
        "info",
        f"{len(data):,} {what} with {lengths.sum():,} {unit}",
        f"{int(np.median(lengths)):,} in the middle one, {lengths.min():,} in the shortest,"
        f" {lengths.max():,} in the longest",
    )


def _tags(data: Tagged) -> list[Finding]:
    counts = Counter(tag for tags in data.tags for tag in tags or ())
    total = sum(counts.values())
    common = counts.most_common(LISTED)
    shares = ", ".join(f"{name} {count / total:.1%}" for name, count in common)
    more = f" and {len(counts) - LISTED} more" if len(counts) > LISTED else ""
    findings = [Finding("info", f"{len(counts)} tags", shares + more)]
    rare = [name for name, count in counts.items() if count < FEW]
    if rare:
        listed = ", ".join(f"{name} ({counts[name]})" for name in rare[:LISTED])
        findings.append(
            Finding(
                "warning",
                f"tags on fewer than {FEW} tokens: {len(rare)}",
                listed,
                "merge them or add examples: their results will be chance",
            )
        )
    if common[0][1] > 0.95 * total:
        findings.append(
            Finding(
                "warning",
                f'"{common[0][0]}" is the tag of {common[0][1] / total:.1%} of all tokens',
                "token accuracy says little about the others",
                "compare by the F1 of spans, if the tags mark spans",
            )
        )
    return findings


def _scheme(data: Tagged) -> list[Finding]:
    tags = [some or [] for some in data.tags]
    scheme = recognise(tags)
    if scheme == "none":
        numbers = data.layout.form != "values" and all(t.isdecimal() for own in tags for t in own)
        return [NUMBERS] if numbers else []
    findings = [Finding("info", f"tags mark spans: {NAMES[scheme]}")]
    broken = {row: steps for row, own in enumerate(tags) if (steps := illegal_steps(own, scheme))}
    if broken:
        row, steps = next(iter(broken.items()))
        own = ["start", *tags[row], "end"]
        where = f'{data.names[row]}: "{own[steps[0] + 1]}" after "{own[steps[0]]}"'
        findings.append(
            Finding(
                "warning",
                f"steps that {NAMES[scheme]} does not allow: {sum(map(len, broken.values())):,}"
                f" in {len(broken):,} sequences",
                f"{where} at token {steps[0] + 1}",
                "models never predict such steps; their spans are read as the CoNLL evaluation"
                " does. --set options.scheme=iob2 writes all tags anew",
            )
        )
    return findings


def _duplicates(data: Tagged) -> list[Finding]:
    """Sentences that occur again, and those that are tagged in two ways."""
    texts = data.texts
    if texts is None:
        return []
    keys = text_keys(texts)
    seen: dict[int, set[str]] = {}
    repeated, first = 0, None
    for row, key in enumerate(keys.tolist()):
        ways = seen.setdefault(key, set())
        repeated += bool(ways)
        ways.add(" ".join(data.tags[row] or []))
        if len(ways) > 1 and first is None:
            first = row
    if not repeated:
        return []
    findings = [
        Finding(
            "info",
            f"sentences that repeat an earlier one: {repeated:,}",
            "case and spaces do not count",
            "those in two parts are removed from training",
        )
    ]
    different = sum(len(ways) > 1 for ways in seen.values())
    if first is not None:
        findings.append(
            Finding(
                "warning" if different > 0.01 * len(seen) else "info",
                f"sentences that are tagged in more than one way: {different:,}",
                f'{data.names[first]}: "{shown(texts[first])}"',
                "read them: no model can be right about all of them",
            )
        )
    return findings


def _slips(data: Tagged) -> list[Finding]:
    """Words that bear one tag nearly always and another once: often a slip of the annotator."""
    if data.layout.form == "values":
        return []
    uses: dict[str, Counter[str]] = {}
    places: dict[tuple[str, str], int] = {}
    for row, (tokens, tags) in enumerate(zip(data.steps, data.tags, strict=True)):
        for word, tag in zip(tokens, tags or (), strict=True):
            uses.setdefault(word, Counter())[tag] += 1
            places.setdefault((word, tag), row)
    found = []
    for word, counts in uses.items():
        (usual, often), *others = counts.most_common()
        if often >= SURE and sum(counts.values()) - often == 1 and OUTSIDE not in counts:
            found.append((often, word, usual, others[0][0]))
    if not found:
        return []
    listed = [
        f'sentence {places[word, tag] + 1}: "{word}" is {tag}, {often} times {usual}'
        for often, word, usual, tag in sorted(found, reverse=True)[:5]
    ]
    return [
        Finding(
            "info",
            f"words with one tag but for a single exception: {len(found):,}",
            "\n".join(listed),
            "read the exceptions: some will be slips",
        )
    ]


def _unseen(data: Tagged, parts: Any) -> list[Finding]:
    known = {tag for row in parts.train for tag in data.tags[row] or ()}
    findings = []
    for part in ("valid", "test"):
        strange = Counter(
            tag for row in getattr(parts, part) for tag in data.tags[row] or () if tag not in known
        )
        if strange:
            listed = ", ".join(f"{tag} ({count})" for tag, count in strange.most_common(LISTED))
            findings.append(
                Finding(
                    "warning",
                    f"tags in {part} that training does not have: {len(strange)}",
                    listed,
                    "no model can predict them: they count as errors of all",
                )
            )
    return findings
