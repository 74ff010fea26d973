"""Documents to one stream of tokens, and to the blocks that are learned from and scored.

A part's rows are blocks: `start` to `stop` are the places of its targets in the stream, `first`
to `last` those of the stretch of text that it stands in. The token before `first` is the
boundary, so that the first token of a stretch is predicted from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.batching import plan_batches
from seqlab.data.examples import Examples
from seqlab.data.table import Table
from seqlab.tasks.language_modelling.documents import Document, read
from seqlab.tasks.language_modelling.settings import TextSettings
from seqlab.tasks.language_modelling.vocabulary import (
    BOUNDARY,
    UNKNOWN,
    Encoded,
    Ids,
    PieceVocabulary,
)

Places = NDArray[np.int64]
IGNORED = -1  # a target that is not scored


class TokenWindow(NamedTuple):
    """Rows of tokens for a model: inputs and targets (rows, T), and who they belong to.

    lengths  how many scored targets each example has, in the order of `rows`
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    real: NDArray[np.bool_]
    rows: Places
    lengths: Places


class Passage(NamedTuple):
    """A document, or a stretch of one, whose first token stands at `place` of the stream.

    first  the place after the first token that may be read before it
    """

    document: Document
    encoded: Encoded
    place: int
    first: int


Cut = dict[str, Any]  # what `_cut` gives: numbers a block, and the document's name


def examples_of(
    parts: Sequence[Sequence[Document]], vocabulary: PieceVocabulary, settings: TextSettings
) -> list[Examples]:
    """The parts' blocks over one shared stream; of three, the first is cut for training."""
    kind = _kind(vocabulary)  # at once: of a long text the tokens are most of what memory holds
    pieces: list[NDArray[np.generic]] = [np.zeros(1, dtype=kind)]
    place = 1
    tables: list[list[Cut]] = []
    for number, part in enumerate(parts):
        stride = settings.block if number == 0 < len(parts) - 1 else settings.stride
        tables.append([])
        for document in part:
            encoded = vocabulary.encode(document.text)
            passage = Passage(document, encoded, place, place)
            tables[-1].append(_cut(passage, stride, settings.ends))
            pieces += [encoded.ids.astype(kind), np.full(1, BOUNDARY, dtype=kind)]
            place += len(encoded.ids) + 1
    stream = np.concatenate(pieces)
    return [_part(table, stream) for table in tables]


def examples_after(
    stretches: Sequence[tuple[Document, Encoded, Ids]],
    vocabulary: PieceVocabulary,
    settings: TextSettings,
) -> Examples:
    """Blocks to be scored of stretches, each with the tokens that are read before it."""
    pieces: list[Ids] = []
    table: list[Cut] = []
    place = 0
    for document, encoded, before in stretches:
        passage = Passage(document, encoded, place + len(before), place + 1)
        table.append(_cut(passage, settings.stride, settings.ends))
        pieces += [before, encoded.ids, np.full(1, BOUNDARY, dtype=np.int32)]
        place += len(before) + len(encoded.ids) + 1
    kind = _kind(vocabulary)
    return _part(table, np.concatenate([piece.astype(kind) for piece in pieces]))


def _kind(vocabulary: PieceVocabulary) -> type[np.integer[Any]]:
    """The smallest type that a stream's tokens fit in."""
    small = np.uint8 if len(vocabulary) < 256 else np.uint16
    return small if len(vocabulary) < 65536 else np.int32


def _cut(passage: Passage, stride: int, ends: bool) -> Cut:
    """The blocks of a passage."""
    document, encoded, place, first = passage
    spelled = np.where(encoded.ids == UNKNOWN, encoded.bytes, 0)
    length = len(encoded.ids) + int(ends and document.ends)
    starts = np.arange(0, length, stride)
    characters, size, spelled = (
        # The boundary after it is nothing; counts are small numbers, and their sums are not.
        np.add.reduceat(np.append(counts, counts.dtype.type(0)), starts, dtype=np.int64)
        for counts in (encoded.characters, encoded.bytes, spelled)
    )
    return {
        "start": starts + place,
        "stop": np.minimum(starts + stride, length) + place,
        "first": np.full(len(starts), first),
        "last": np.full(len(starts), place + length),
        "characters": characters,
        "bytes": size,
        "spelled": spelled,
        "at": document.at + characters.cumsum() - characters,
        "document": document.name,
        "group": document.group,
    }


GROUP = "group"  # whose a block is
BLOCK_COLUMNS = ("start", "stop", "first", "last", "characters", "bytes", "spelled")


def _part(table: list[Cut], stream: NDArray[np.generic]) -> Examples:
    arrays = {
        name: np.concatenate([rows[name] for rows in table]).astype(np.int64)
        for name in BLOCK_COLUMNS
    }
    counts = [len(rows["start"]) for rows in table]
    names = np.repeat([rows["document"] for rows in table], counts)
    at = np.concatenate([rows["at"] for rows in table])
    frame = pd.DataFrame({"document": names.astype(object), "at": at})
    groups = [rows["group"] for rows in table]
    if any(group is not None for group in groups):
        frame[GROUP] = np.repeat(np.asarray(groups, dtype=object), counts)
    return Examples(dict(arrays), frame, {"tokens": stream})


def column(examples: Examples, name: str) -> Places:
    """One of the numbers of every block."""
    return np.asarray(examples.arrays[name], dtype=np.int64)


def lengths(examples: Examples) -> Places:
    """How many tokens of each block are scored."""
    return column(examples, "stop") - column(examples, "start")


def crops(
    examples: Examples, block: int, batch_size: int, batch_tokens: int, rng: np.random.Generator
) -> Iterator[TokenWindow]:
    """For training: each block once, moved by chance within the text that it stands in."""
    start, first, last = (column(examples, name) for name in ("start", "first", "last"))
    size = np.minimum(block, last - first)
    moved = start + rng.integers(0, block, len(start))
    begin = np.maximum(np.minimum(moved, last - size), first)
    for rows in plan_batches(size, batch_size, batch_tokens, rng):
        yield _window(examples, begin[rows] - 1, begin[rows], begin[rows] + size[rows], rows)


def lanes(
    examples: Examples, block: int, batch_size: int, batch_tokens: int
) -> Iterator[tuple[TokenWindow, bool]]:
    """For stateful training: the whole text in `batch_size` lanes, read on from block to block.

    The flag says whether a window goes on where the one before it ended.
    """
    begin, end = column(examples, "start").min(), column(examples, "stop").max()
    rows = max(1, min(batch_size, batch_tokens // block, (end - begin) // block))
    length = (end - begin) // rows
    starts = begin + length * np.arange(rows)
    for done in range(0, length, block):
        size = min(block, length - done)
        low = starts + done
        yield _window(examples, low - 1, low, low + size, np.arange(rows)), done > 0


def lane_count(examples: Examples, block: int, batch_size: int, batch_tokens: int) -> int:
    """How many windows `lanes` gives."""
    size = int(column(examples, "stop").max() - column(examples, "start").min())
    rows = max(1, min(batch_size, batch_tokens // block, size // block))
    return -(-(size // rows) // block)


def scored(examples: Examples, context: int, most: int, tokens: int) -> Iterator[TokenWindow]:
    """For evaluation: blocks with up to `context` tokens before them that are not scored."""
    start, stop, first = (column(examples, name) for name in ("start", "stop", "first"))
    begin = np.maximum(first - 1, start - 1 - context)
    for rows in plan_batches(stop - 1 - begin, most, tokens):
        yield _window(examples, begin[rows], start[rows], stop[rows], rows)


def carried(examples: Examples, most: int) -> Iterator[TokenWindow]:
    """For evaluation: runs of blocks that follow one another, each as one long sequence."""
    start, stop, first = (column(examples, name) for name in ("start", "stop", "first"))
    order = np.argsort(start, kind="stable")
    new = np.append(True, start[order][1:] != stop[order][:-1])
    new |= np.append(True, np.diff(first[order]) != 0)
    runs = np.split(order, np.flatnonzero(new)[1:])
    runs.sort(key=lambda run: int(stop[run[-1]] - start[run[0]]))  # alike together
    for done in range(0, len(runs), most):
        group = runs[done : done + most]
        heads = [run[0] for run in group]
        end = np.asarray([stop[run[-1]] for run in group])
        rows = np.concatenate(group)
        window = _window(examples, first[heads] - 1, start[heads], end, rows)
        yield window._replace(lengths=stop[rows] - start[rows])


def _window(
    examples: Examples, begin: Places, start: Places, stop: Places, rows: Places
) -> TokenWindow:
    """Inputs from `begin` on, and as targets the tokens from `start` to `stop`."""
    stream = examples.shared["tokens"]
    length = stop - 1 - begin
    steps = np.arange(int(length.max()))
    real = steps < length[:, None]
    place = np.where(real, begin[:, None] + steps, 0)
    inputs = np.where(real, stream[place].astype(np.int64), BOUNDARY)
    wanted = real & (place + 1 >= start[:, None])
    targets = np.where(wanted, stream[place + 1].astype(np.int64), IGNORED)
    return TokenWindow(inputs, targets, real, rows, stop - start)


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
    taken = encoded.cut(slice(whole))
    rest = None
    if not document.ends:
        after = np.concatenate((before, taken.ids))[-REREAD_TOKENS:]
        left = encoded.cut(slice(whole, None))
        rest = _Unfinished(left, after, at + int(taken.characters.sum()))
    scored = whole + int(document.ends and settings.ends)
    return ((replace(document, at=at), taken, before) if scored else None), rest


def _documents(table: Table, column: str, rows: int) -> list[Document]:
    """What a table holds, `rows` rows after the beginning."""
    documents = table.documents
    if documents is not None and "ends" in documents.columns:
        stretches = zip(documents["name"], documents["text"], documents["ends"], strict=True)
        return [Document(name, text, 0, bool(ends)) for name, text, ends in stretches]
    named = {"text": column} if column in table.frame.columns else {}
    return read(table, named, [], rows)[0]
