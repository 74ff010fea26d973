"""The data doctor's round for texts that are to be continued, before any compute."""

from __future__ import annotations

from collections import Counter

from seqlab.data.findings import Finding
from seqlab.data.group_columns import group_findings
from seqlab.data.inspection import as_finding
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.language_modelling.documents import PARTS, Document, DocumentParts, divide
from seqlab.tasks.language_modelling.settings import decide

PASSAGE_CHARACTERS = 60  # of a passage that is looked for
MOST_PASSAGES = 400
COPIED_SHARE, REPEATED_SHARE, LITTLE_CHARACTERS = 0.1, 0.25, 20_000


def inspect(sources: Sources, spec: DataSpec) -> list[Finding]:
    """Size, characters, documents; passages of test that training holds; repeated lines."""
    try:
        settings, parts = decide(spec), divide(sources, spec)
    except UserError as error:
        return [as_finding(error)]
    findings = [Finding("info", note) for note in parts.notes]
    findings += _sizes(parts)
    findings.append(Finding("info", f"evaluation: {settings.sentence}"))
    if sources.train.documents is None:
        used = [*parts.columns.values(), "split"]
        findings += group_findings(sources.train.frame, parts.columns.get("group"), used)
    findings += _new_characters(parts) + _copies(parts) + _repeated(parts)
    return findings


def _sizes(parts: DocumentParts) -> list[Finding]:
    counts = [sum(len(d.text) for d in getattr(parts, part)) for part in PARTS]
    names = len({document.name for document in parts.all})
    held = f"{sum(counts):,} characters in {names:,} document{'' if names == 1 else 's'}"
    sizes = ", ".join(f"{part} {count:,}" for part, count in zip(PARTS, counts, strict=True))
    findings = [Finding("info", f"{held}; {sizes} ({parts.how})")]
    if counts[0] < LITTLE_CHARACTERS:
        findings.append(
            Finding(
                "warning",
                f"{counts[0]:,} characters to learn from are few for any network",
                advice="the n-gram baseline will be hard to beat; bring more text",
            )
        )
    return findings


def _new_characters(parts: DocumentParts) -> list[Finding]:
    known = {letter for document in parts.train for letter in set(document.text)}
    findings = [Finding("info", f"{len(known):,} different characters in training")]
    strange = Counter(
        letter for d in (*parts.valid, *parts.test) for letter in d.text if letter not in known
    )
    if strange:
        shown = ", ".join(repr(letter) for letter, _ in strange.most_common(8))
        findings.append(
            Finding(
                "warning",
                f"characters of valid and test that are not in training: {len(strange)}"
                f" ({shown}; {strange.total():,} in all)",
                advice="each is scored as if it were spelled byte by byte; clean the text, or use"
                " byte pairs: --set data.tokenizer=bpe",
            )
        )
    return findings


def _copies(parts: DocumentParts) -> list[Finding]:
    """Documents given twice, and passages of test that training holds word for word."""
    findings = []
    trained = {d.text.strip() for d in parts.train}
    twice = sum(d.text.strip() in trained for d in (*parts.valid, *parts.test))
    if twice:
        findings.append(
            Finding(
                "warning",
                f"{twice:,} documents of valid or test are in training too",
                advice="remove them: a model that memorised them would win",
            )
        )
    passages = _passages(parts.test)
    text = "\n".join(d.text for d in parts.train)
    share = sum(passage in text for passage in passages) / max(1, len(passages))
    if share > COPIED_SHARE:
        findings.append(
            Finding(
                "warning",
                f"{share:.0%} of the test part's passages of {PASSAGE_CHARACTERS} characters are"
                " in the training part too",
                advice="if they are boilerplate or copies, the score measures memorisation",
            )
        )
    return findings


def _passages(documents: list[Document]) -> list[str]:
    found = [
        d.text[at : at + PASSAGE_CHARACTERS]
        for d in documents
        for at in range(0, len(d.text) - PASSAGE_CHARACTERS + 1, PASSAGE_CHARACTERS)
    ]
    return found[:: max(1, len(found) // MOST_PASSAGES)]


def _repeated(parts: DocumentParts) -> list[Finding]:
    lines = Counter(line.strip() for d in parts.train for line in d.text.split("\n"))
    lines.pop("", None)
    again = sum(count - 1 for count in lines.values())
    share = again / max(1, lines.total())
    if share < REPEATED_SHARE:
        return []
    most, count = lines.most_common(1)[0]
    return [
        Finding(
            "warning",
            f"{share:.0%} of the lines repeat an earlier one; most often {most[:60]!r}"
            f" ({count:,} times)",
            advice="remove headers and footers: being easy to predict, they flatter every score",
        )
    ]
