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
from seqlab.tasks.language_modelling.documents import PARTS, Parts, divide
from seqlab.tasks.language_modelling.scoring import unknown_of
from seqlab.tasks.language_modelling.settings import Reading, decide
from seqlab.tasks.language_modelling.vocabulary import Vocabulary, learn
from seqlab.tasks.rows import counted_once

STRETCH = 2048  # tokens that count as one observation
INDEPENDENT = 30  # documents from which on they are what is counted; stretches, at least


def prepare(
    sources: Sources, spec: DataSpec
) -> tuple[Reading, Vocabulary, list[Examples], dict[str, Any]]:
    """How texts are read, the vocabulary, the parts, and the data card."""
    reading, parts = decide(spec), divide(sources, spec)
    names = {document.name for document in parts.all}
    reading = reading.with_(ends=len(names) > 1)
    vocabulary = learn([d.text for d in parts.train], reading.kind, spec.vocabulary)
    documents = [getattr(parts, part) for part in PARTS]
    for part, held in zip(PARTS, documents, strict=True):
        _check_tokens(sources.train.origin, part, 0 if not held else reading.block, reading)
    examples = examples_of(documents, vocabulary, reading)
    for part, held in zip(PARTS, examples, strict=True):
        _check_size(sources.train.origin, part, held, reading)
    examples[1:] = [replace(held, blocks=stretches(held)) for held in examples[1:]]
    return reading, vocabulary, examples, _card(parts, examples, reading, vocabulary)


def stretches(examples: Examples) -> NDArray[np.int64]:
    """What counts as one observation: a group, a document, or a stretch of the few of these.

    Neighbouring blocks are of one speaker, one scene, one subject: they are as hard for a model
    as each other, so that taking them for independent would make all intervals too narrow.
    """
    if GROUP in examples.frame:
        return np.asarray(pd.factorize(examples.frame[GROUP])[0], dtype=np.int64)
    documents = np.unique(column(examples, "first"), return_inverse=True)[1]
    if documents.max() + 1 >= INDEPENDENT:
        return np.asarray(documents)
    tokens = lengths(examples).cumsum()
    size = min(STRETCH, tokens[-1] / INDEPENDENT)
    return np.unique((tokens - 1) // size, return_inverse=True)[1]


def _check_size(origin: str, part: str, examples: Examples, reading: Reading) -> None:
    _check_tokens(origin, part, int(lengths(examples).sum()), reading)


def _check_tokens(origin: str, part: str, count: int, reading: Reading) -> None:
    if count < reading.block:
        raise UserError(
            f'"{origin}": the {part} part has {count:,} tokens, fewer than one block of'
            f" {reading.block}",
            "bring more text, or shorter blocks with --set options.block=32",
        )


def _card(
    parts: Parts, examples: list[Examples], reading: Reading, vocabulary: Vocabulary
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
        "notes": [*notes, f"evaluation: {reading.sentence}"],
        "tokenizer": reading.kind,
        "vocabulary": len(vocabulary),
        "block": reading.block,
        "training": "rows go on from batch to batch, with the state carried"
        if reading.stateful
        else "blocks from anywhere in the text",
    }
