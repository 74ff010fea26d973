"""Texts that come in stretches: blocks go on over the borders, and so does what is read before.

A text that is divided costs what it costs as a whole; memory holds one stretch of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from seqlab.data.examples import Examples
from seqlab.data.table import Table
from seqlab.tasks.language_modelling.blocks import examples_after
from seqlab.tasks.language_modelling.documents import Document, read
from seqlab.tasks.language_modelling.settings import TextSettings
from seqlab.tasks.language_modelling.vocabulary import BOUNDARY, Encoded, Ids, PieceVocabulary

REREAD_TOKENS = 2048  # tokens that are read again before a stretch that goes on


@dataclass(frozen=True)
class _Unfinished:
    """Of a document that goes on: tokens short of a block, those before them, and their place."""

    rest: Encoded
    before: Ids
    at: int


def read_on(
    tables: Iterator[Table], vocabulary: PieceVocabulary, settings: TextSettings, column: str
) -> Iterator[Examples]:
    """The blocks of stretches that follow one another; what is short of a block waits for more."""
    unfinished: _Unfinished | None = None
    rows = 0
    for table in tables:
        stretches = []
        for document in _documents(table, column, rows):
            stretch, unfinished = _take(document, unfinished, vocabulary, settings)
            if stretch is not None:
                stretches.append(stretch)
        rows += len(table.frame)
        if stretches:
            yield examples_after(stretches, vocabulary, settings)


def _take(
    document: Document,
    unfinished: _Unfinished | None,
    vocabulary: PieceVocabulary,
    settings: TextSettings,
) -> tuple[tuple[Document, Encoded, Ids] | None, _Unfinished | None]:
    """The blocks' worth of a stretch, and what is left of it."""
    encoded = vocabulary.encode(document.text)
    before, at = np.full(1, BOUNDARY, dtype=np.int32), document.at
    if unfinished is not None:
        joined = zip(unfinished.rest, encoded, strict=True)
        encoded = Encoded(*(np.concatenate(parts) for parts in joined))
        before, at = unfinished.before, unfinished.at
    whole = len(encoded.ids) if document.ends else len(encoded.ids) // settings.stride
    whole *= 1 if document.ends else settings.stride
    taken = Encoded(*(part[:whole] for part in encoded))
    rest = None
    if not document.ends:
        after = np.concatenate((before, taken.ids))[-REREAD_TOKENS:]
        left = Encoded(*(part[whole:] for part in encoded))
        rest = _Unfinished(left, after, at + int(taken.characters.sum()))
    scored = whole + int(document.ends and settings.ends)
    return ((replace(document, at=at), taken, before) if scored else None), rest


def _documents(table: Table, column: str, rows: int) -> list[Document]:
    """What a table holds, `rows` rows after the beginning."""
    held = table.documents
    if held is not None and "ends" in held.columns:
        stretches = zip(held["name"], held["text"], held["ends"], strict=True)
        return [Document(name, text, 0, bool(ends)) for name, text, ends in stretches]
    named = {"text": column} if column in table.frame.columns else {}
    return read(table, named, [], rows)[0]
