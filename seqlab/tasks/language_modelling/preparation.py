"""Texts to blocks and a data card, and what is to be said of them before any compute.

The vocabulary comes from the training part alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.group_columns import group_findings
from seqlab.data.inspection import as_finding
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.language_modelling.blocks import GROUP, column, examples_of, lengths
from seqlab.tasks.language_modelling.documents import PARTS, Document, DocumentParts, divide
from seqlab.tasks.language_modelling.scoring import unknown_of
from seqlab.tasks.language_modelling.settings import TextSettings, decide
from seqlab.tasks.language_modelling.vocabulary import PieceVocabulary, learn
from seqlab.tasks.rows import counted_once

STRETCH_TOKENS = 2048  # tokens that count as one observation
FEWEST_INDEPENDENT = 30  # documents from which on they are what is counted; stretches, at least


def prepare(
    sources: Sources, spec: DataSpec
) -> tuple[TextSettings, PieceVocabulary, list[Examples], dict[str, Any], list[Finding]]:
    """How texts are read, the vocabulary, the parts, the data card and the findings."""
    settings, parts = decide(spec), divide(sources, spec)
    findings = findings_of(settings, parts, sources)
    names = {document.name for document in parts.all}
    settings = settings.with_(ends=len(names) > 1)
    vocabulary = learn([d.text for d in parts.train], settings.kind, spec.vocabulary)
    documents = [getattr(parts, part) for part in PARTS]
    for part, texts in zip(PARTS, documents, strict=True):
        _check_tokens(sources.train.origin, part, settings.block if texts else 0, settings)
    examples = examples_of(documents, vocabulary, settings)
    for part, some in zip(PARTS, examples, strict=True):
        _check_size(sources.train.origin, part, some, settings)
    examples[1:] = [replace(some, blocks=stretches(some)) for some in examples[1:]]
    return settings, vocabulary, examples, _card(parts, examples, settings, vocabulary), findings


def stretches(examples: Examples) -> NDArray[np.int64]:
    """What counts as one observation: a group, a document, or a stretch of the few of these.

    Neighbouring blocks are of one speaker, one scene, one subject: they are as hard for a model
    as each other, so that taking them for independent would make all intervals too narrow.
    """
    if GROUP in examples.frame:
        return np.asarray(pd.factorize(examples.frame[GROUP])[0], dtype=np.int64)
    documents = np.unique(column(examples, "first"), return_inverse=True)[1]
    if documents.max() + 1 >= FEWEST_INDEPENDENT:
        return np.asarray(documents)
    tokens = lengths(examples).cumsum()
    size = min(STRETCH_TOKENS, tokens[-1] / FEWEST_INDEPENDENT)
    return np.unique((tokens - 1) // size, return_inverse=True)[1]


def _check_size(origin: str, part: str, examples: Examples, settings: TextSettings) -> None:
    _check_tokens(origin, part, int(lengths(examples).sum()), settings)


def _check_tokens(origin: str, part: str, count: int, settings: TextSettings) -> None:
    if count < settings.block:
        raise UserError(
            f'"{origin}": the {part} part has {count:,} tokens, fewer than one block of'
            f" {settings.block}",
            "bring more text, or shorter blocks with --set options.block=32",
        )


def _card(
    parts: DocumentParts,
    examples: list[Examples],
    settings: TextSettings,
    vocabulary: PieceVocabulary,
) -> dict[str, Any]:
    by_part = dict(zip(PARTS, examples, strict=True))
    unknown = {part: int(unknown_of(by_part[part]).sum()) for part in PARTS}
    notes = [*parts.notes, *counted_once(parts.columns.get("group"), by_part["test"])]
    for part in PARTS:
        if unknown[part]:
            share = unknown[part] / lengths(by_part[part]).sum()
            notes.append(
                f"{part}: {unknown[part]:,} tokens ({share:.2%}) are not in the vocabulary; each"
                " costs 8 bits a byte to spell"
            )
    return {
        "parts": {part: len(by_part[part]) for part in PARTS},
        "documents": {part: len({d.name for d in getattr(parts, part)}) for part in PARTS},
        "characters": {part: int(column(by_part[part], "characters").sum()) for part in PARTS},
        "bytes": {part: int(column(by_part[part], "bytes").sum()) for part in PARTS},
        "tokens": {part: int(lengths(by_part[part]).sum()) for part in PARTS},
        "unknown_tokens": unknown,
        "split": parts.how,
        "columns": parts.columns,
        "notes": [*notes, f"evaluation: {settings.sentence}"],
        "tokenizer": settings.kind,
        "vocabulary": len(vocabulary),
        "block": settings.block,
        "training": "rows go on from batch to batch, with the state carried"
        if settings.stateful
        else "blocks from anywhere in the text",
    }


PASSAGE_CHARACTERS = 60  # of a passage that is looked for
MOST_PASSAGES, FEWEST_PASSAGES = 400, 40
SEARCHED_CHARACTERS = 2 * 10**9  # of training in all, by as many passages as that allows
COPIED_SHARE, REPEATED_SHARE, LITTLE_CHARACTERS = 0.1, 0.25, 20_000


def inspect(sources: Sources, spec: DataSpec) -> list[Finding]:
    """Size, characters, documents; passages of test that training holds; repeated lines."""
    try:
        return findings_of(decide(spec), divide(sources, spec), sources)
    except UserError as error:
        return [as_finding(error)]


def findings_of(settings: TextSettings, parts: DocumentParts, sources: Sources) -> list[Finding]:
    """All findings on the documents of each part."""
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
    size = f"{sum(counts):,} characters in {names:,} document{'' if names == 1 else 's'}"
    sizes = ", ".join(f"{part} {count:,}" for part, count in zip(PARTS, counts, strict=True))
    findings = [Finding("info", f"{size}; {sizes} ({parts.how})")]
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
    text = "\n".join(d.text for d in parts.train)
    passages = _passages(parts.test)
    most = max(FEWEST_PASSAGES, SEARCHED_CHARACTERS // max(1, len(text)))
    passages = passages[:: -(-len(passages) // most)] if passages else []
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
    passages = [
        d.text[at : at + PASSAGE_CHARACTERS]
        for d in documents
        for at in range(0, len(d.text) - PASSAGE_CHARACTERS + 1, PASSAGE_CHARACTERS)
    ]
    return passages[:: max(1, len(passages) // MOST_PASSAGES)]


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
