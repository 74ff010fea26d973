"""What is in tags and what will go wrong: balance, illegal steps, contradictions, slips, parts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from seqlab.data.duplicates import text_keys
from seqlab.data.findings import Finding
from seqlab.data.inspection import shown
from seqlab.data.splits import Splits
from seqlab.metrics.spans import OUTSIDE, illegal_steps, recognise

FEW_TOKENS = 10  # tokens of a tag from which little can be learned
LISTED_TAGS = 8
SURE_TIMES = 20  # times that a word has to bear one tag before another looks like a slip
SCHEME_NAMES = {"iob1": "IOB1", "iob2": "IOB2", "bioes": "BIOES"}

NUMBERED_TAGS = Finding(
    "info",
    "tags are numbers without names",
    "",
    "if they mark spans, name them from 0 on: --set options.tag_names=O,B-PER,I-PER",
)


def findings(frame: pd.DataFrame) -> list[Finding]:
    """Of all sequences; their tokens are empty where they are no words."""
    tags = frame["tags"].tolist()
    words = bool(len(frame["tokens"].iloc[0]))
    told = [*_counts(tags), *_scheme(tags, frame["name"].tolist(), words)]
    return [*told, *_duplicates(frame), *_slips(frame)] if words else told


def in_parts(tags: pd.Series, splits: Splits) -> list[Finding]:
    """Parts that hold one tag only, and tags that training does not have."""
    parts = {part: Counter(_all(tags.iloc[getattr(splits, part)])) for part in ("valid", "test")}
    known = set(_all(tags.iloc[splits.train]))
    one = [_one_tag(part, counts) for part, counts in parts.items() if len(counts) == 1]
    return [*one, *_unseen(parts, known)]


def _counts(tags: Sequence[Sequence[str]]) -> list[Finding]:
    counts = Counter(_all(tags))
    total = sum(counts.values())
    common = counts.most_common(LISTED_TAGS)
    shares = ", ".join(f"{name} {count / total:.1%}" for name, count in common)
    more = f" and {len(counts) - LISTED_TAGS} more" if len(counts) > LISTED_TAGS else ""
    findings = [Finding("info", f"{len(counts)} tags", shares + more)]
    rare = [name for name, count in counts.items() if count < FEW_TOKENS]
    if rare:
        listed = ", ".join(f"{name} ({counts[name]})" for name in rare[:LISTED_TAGS])
        findings.append(
            Finding(
                "warning",
                f"tags on fewer than {FEW_TOKENS} tokens: {len(rare)}",
                listed,
                "merge them or add examples: scores of so few are mostly chance",
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


def _scheme(tags: Sequence[Sequence[str]], names: Sequence[str], words: bool) -> list[Finding]:
    scheme = recognise(tags)
    if scheme == "none":
        numbers = words and all(tag.isdecimal() for tag in _all(tags))
        return [NUMBERED_TAGS] if numbers else []
    findings = [Finding("info", f"tags mark spans: {SCHEME_NAMES[scheme]}")]
    broken = {row: steps for row, own in enumerate(tags) if (steps := illegal_steps(own, scheme))}
    if broken:
        row, steps = next(iter(broken.items()))
        own = ["start", *tags[row], "end"]
        where = f'{names[row]}: "{own[steps[0] + 1]}" after "{own[steps[0]]}"'
        findings.append(
            Finding(
                "warning",
                f"tags that may not follow one another in {SCHEME_NAMES[scheme]}:"
                f" {sum(map(len, broken.values())):,} in {len(broken):,} sequences",
                f"{where} at token {steps[0] + 1}",
                "models never predict them; their spans are read as the CoNLL evaluation reads"
                " them. To rewrite all tags: --set options.scheme=iob2",
            )
        )
    return findings


def _duplicates(frame: pd.DataFrame) -> list[Finding]:
    """Sentences that occur again, and those that are tagged in two ways."""
    texts = [" ".join(tokens) for tokens in frame["tokens"]]
    keys = text_keys(texts)
    seen: defaultdict[int, set[str]] = defaultdict(set)
    repeated, first = 0, None
    for row, (key, tags) in enumerate(zip(keys.tolist(), frame["tags"], strict=True)):
        ways = seen[key]
        repeated += bool(ways)
        ways.add(" ".join(tags))
        if len(ways) > 1 and first is None:
            first = row
    if not repeated:
        return []
    findings = [
        Finding(
            "info",
            f"sentences that repeat an earlier one: {repeated:,}",
            "ignoring case and spaces",
            "those in two parts are removed from training",
        )
    ]
    different = sum(len(ways) > 1 for ways in seen.values())
    if first is not None:
        findings.append(
            Finding(
                "warning" if different > 0.01 * len(seen) else "info",
                f"sentences that are tagged in more than one way: {different:,}",
                f'{frame["name"].iloc[first]}: "{shown(texts[first])}"',
                "read them: no model can be right about all of them",
            )
        )
    return findings


def _slips(frame: pd.DataFrame) -> list[Finding]:
    """Words that bear one tag nearly always and another once: often a slip of the annotator."""
    uses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    places: dict[tuple[str, str], int] = {}
    for row, (tokens, tags) in enumerate(zip(frame["tokens"], frame["tags"], strict=True)):
        for word, tag in zip(tokens, tags, strict=True):
            uses[word][tag] += 1
            places.setdefault((word, tag), row)
    slips = []
    for word, counts in uses.items():
        (usual, often), *others = counts.most_common()
        if often >= SURE_TIMES and sum(counts.values()) - often == 1 and OUTSIDE not in counts:
            slips.append((often, word, usual, others[0][0]))
    if not slips:
        return []
    listed = [
        f'{frame["name"].iloc[places[word, tag]]}: "{word}" is {tag}, {often} times {usual}'
        for often, word, usual, tag in sorted(slips, reverse=True)[:5]
    ]
    return [
        Finding(
            "info",
            f"words with one tag but for a single exception: {len(slips):,}",
            "\n".join(listed),
            "check the exceptions: some are probably mistakes",
        )
    ]


def _one_tag(part: str, counts: Counter[str]) -> Finding:
    (tag,) = counts
    name = {"valid": "validation"}.get(part, part)
    return Finding(
        "warning",
        f'all {counts.total():,} {name} tags are "{tag}"',
        "always predicting that tag is right about all of them",
        "no contestant can be told from another by them: bring sequences with other tags",
    )


def _unseen(parts: dict[str, Counter[str]], known: set[str]) -> list[Finding]:
    findings_of_parts = []
    for part, counts in parts.items():
        strange = Counter({tag: count for tag, count in counts.items() if tag not in known})
        if strange:
            listed = ", ".join(
                f"{tag} ({count})" for tag, count in strange.most_common(LISTED_TAGS)
            )
            findings_of_parts.append(
                Finding(
                    "warning",
                    f"tags in {part} that training does not have: {len(strange)}",
                    listed,
                    "no model can predict them: they count as errors of all",
                )
            )
    return findings_of_parts


def _all(tags: Iterable[Sequence[str]]) -> Iterator[str]:
    """The tags of all positions of all sequences."""
    return (tag for own in tags for tag in own)
