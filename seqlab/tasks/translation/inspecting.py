"""The data doctor's round for pairs of strings, before any compute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqlab.data.duplicates import text_keys
from seqlab.data.findings import Finding
from seqlab.data.inspection import (
    as_finding,
    group_findings,
    shown,
    split_findings,
    text_findings,
)
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.translation.pairs import Pairs, pairs_of
from seqlab.tasks.translation.vocabulary import kind_for

FAR = 3.0  # times the usual ratio of lengths, from which on a pair is suspect
COPIED = 0.05  # share of copied targets that is worth a warning


def inspect(sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
    """Counts, lengths, ratios, copies, repetitions, parts and what they share."""
    try:
        data = pairs_of(sources, spec)
    except UserError as error:
        return [as_finding(error)]
    findings = [Finding("info", note) for note in data.notes if note not in sources.train.notes]
    findings += text_findings(data.sources)
    findings += [_ratio(data), *_copies(data), *_several(data)]
    findings += [_tokens(name, side) for name, side in _sides(data)]
    findings += group_findings(sources.train.frame, spec.group)
    try:
        parts = data.divide(spec, seed)[0]
    except UserError as error:
        return [*findings, as_finding(error)]
    return findings + split_findings(parts) + _shared_pairs(data, parts.train, parts.test)


def _sides(data: Pairs) -> list[tuple[str, Sequence[str]]]:
    return [("sources", data.sources), ("targets", data.targets)]


def _tokens(name: str, texts: Sequence[str]) -> Finding:
    kind, why = kind_for(texts)
    what = {"character": "characters", "word": "words", "bpe": "byte pairs"}[kind]
    return Finding("info", f"tokens of {name}: {what}", why)


def _ratio(data: Pairs) -> Finding:
    lengths = [np.array([len(text) for text in side]) for _, side in _sides(data)]
    ratio = np.log(lengths[1] / lengths[0])
    usual = float(np.median(ratio))
    # Short strings vary by nature: a few characters more are no sign of a wrong pair.
    apart = np.abs(lengths[1] - lengths[0] * np.exp(usual))
    far = (np.abs(ratio - usual) > np.log(FAR)) & (apart > 20)
    share = f"targets are {np.exp(usual):.2g} times as long as their sources"
    if not far.any():
        return Finding("info", share, "characters, the middle of all pairs")
    worst = int(np.argmax(np.where(far, apart, 0)))
    pair = f'"{shown(data.sources[worst])}" → "{shown(data.targets[worst])}"'
    return Finding(
        "warning" if far.mean() > 0.01 else "info",
        f"{share}; pairs far from that: {int(far.sum()):,}",
        pair,
        "look at them: a wrong pair teaches wrong words" if far.mean() > 0.01 else "",
    )


def _copies(data: Pairs) -> list[Finding]:
    same = [s == t for s, t in zip(data.sources, data.targets, strict=True)]
    count = sum(same)
    if not count:
        return []
    often = count > COPIED * len(same)
    return [
        Finding(
            "warning" if often else "info",
            f"targets that copy their source: {count:,}",
            f'the first is "{shown(data.sources[same.index(True)])}"',
            "are these translated? the baseline copy-source is right about them" if often else "",
        )
    ]


def _several(data: Pairs) -> list[Finding]:
    """Sources with more than one target: nothing can be right about all of them."""
    keys = text_keys(data.sources)
    targets: dict[int, set[str]] = {}
    for key, target in zip(keys, data.targets, strict=True):
        targets.setdefault(int(key), set()).add(target)
    several = [key for key, found in targets.items() if len(found) > 1]
    if not several:
        return []
    row = int(np.argmax(keys == several[0]))
    given = " | ".join(shown(text) for text in sorted(targets[several[0]])[:3])
    return [
        Finding(
            "info",
            f"sources with more than one target: {len(several):,}",
            f'"{shown(data.sources[row])}" → {given}',
        )
    ]


def _shared_pairs(data: Pairs, train: np.ndarray, test: np.ndarray) -> list[Finding]:
    """Targets of the test part that training holds too, by another source."""
    known = {data.targets[row] for row in train}
    shared = sum(data.targets[row] in known for row in test)
    if not shared:
        return []
    return [
        Finding(
            "warning" if shared > 0.2 * len(test) else "info",
            f"test targets that also occur in training: {shared:,} of {len(test):,}",
            "of other sources, or of sources that differ in little",
            "what nearest-pair reaches is what memory alone is worth",
        )
    ]
