"""Texts to blocks and a data card; the vocabulary comes from the training part alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.language_modelling.blocks import GROUP, column, examples_of, lengths
from seqlab.tasks.language_modelling.documents import PARTS, DocumentParts, divide
from seqlab.tasks.language_modelling.scoring import unknown_of
from seqlab.tasks.language_modelling.settings import TextSettings, decide
from seqlab.tasks.language_modelling.vocabulary import PieceVocabulary, learn
from seqlab.tasks.rows import counted_once

STRETCH_TOKENS = 2048  # tokens that count as one observation
FEWEST_INDEPENDENT = 30  # documents from which on they are what is counted; stretches, at least


def prepare(
    sources: Sources, spec: DataSpec
) -> tuple[TextSettings, PieceVocabulary, list[Examples], dict[str, Any]]:
    """How texts are read, the vocabulary, the parts, and the data card."""
    settings, parts = decide(spec), divide(sources, spec)
    names = {document.name for document in parts.all}
    settings = settings.with_(ends=len(names) > 1)
    vocabulary = learn([d.text for d in parts.train], settings.kind, spec.vocabulary)
    documents = [getattr(parts, part) for part in PARTS]
    for part, held in zip(PARTS, documents, strict=True):
        _check_tokens(sources.train.origin, part, 0 if not held else settings.block, settings)
    examples = examples_of(documents, vocabulary, settings)
    for part, held in zip(PARTS, examples, strict=True):
        _check_size(sources.train.origin, part, held, settings)
    examples[1:] = [replace(held, blocks=stretches(held)) for held in examples[1:]]
    return settings, vocabulary, examples, _card(parts, examples, settings, vocabulary)


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
    held = dict(zip(PARTS, examples, strict=True))
    unknown = {part: int(unknown_of(held[part]).sum()) for part in PARTS}
    notes = [*parts.notes, *counted_once(parts.columns.get("group"), held["test"])]
    for part in PARTS:
        if unknown[part]:
            share = unknown[part] / lengths(held[part]).sum()
            notes.append(
                f"{part}: {unknown[part]:,} tokens ({share:.2%}) are not in the vocabulary; each"
                " costs 8 bits a byte to spell"
            )
    return {
        "parts": {part: len(held[part]) for part in PARTS},
        "documents": {part: len({d.name for d in getattr(parts, part)}) for part in PARTS},
        "characters": {part: int(column(held[part], "characters").sum()) for part in PARTS},
        "bytes": {part: int(column(held[part], "bytes").sum()) for part in PARTS},
        "tokens": {part: int(lengths(held[part]).sum()) for part in PARTS},
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
