"""Tables to documents, and documents to parts: in order, never shuffled.

A plain text is one document; a folder of texts is one a file; a table is one a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.split_spec import SPLIT_NAMES, SplitSpec
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources

PARTS = ("train", "valid", "test")
DEFAULT_SHARES = (0.9, 0.05, 0.05)
MANY_DOCUMENTS = 20  # documents from which on none is cut in two
LONG_CHARACTERS, DISTINCT_SHARE = 500, 0.8  # characters of a text; share of different values
FEW_LINES = 3  # of a file, so few as in a list of names
NUMBERED_FILES = 12  # so many with numbers as names are no classes
TEXT_COLUMNS = ("text", "content", "document", "body")  # columns that hold texts among others


@dataclass(frozen=True)
class Document:
    """A text or a stretch of one, which begins at character `at` of it; `ends` with it.

    group: whose it is, where a column says so.
    """

    name: str
    text: str
    at: int = 0
    ends: bool = True
    group: str | None = None


@dataclass(frozen=True)
class DocumentParts:
    """The documents of each part; `how` says how they were divided."""

    train: list[Document]
    valid: list[Document]
    test: list[Document]
    how: str
    notes: tuple[str, ...]
    columns: dict[str, str]

    @property
    def all(self) -> list[Document]:
        """Those of all parts, training first."""
        return [*self.train, *self.valid, *self.test]


def recognise(table: Table) -> Confidence:
    """One column of texts and nothing that could be predicted from them; or a text a file."""
    names = [str(name) for name in table.frame.columns if str(name) != "split"]
    if len(names) != 1:
        files = table.documents
        why = "" if files is None else _why_texts(files)
        if files is not None and why:
            said = f"{len(files)} files, {why}, so each is a text: language"
            return Confidence(0.95, said)
        return _among_others(table.frame, names)
    if guess.kind(table.frame[names[0]]) not in (guess.ColumnKind.TEXT, guess.ColumnKind.CATEGORY):
        values = table.frame[names[0]].dropna()
        if len(values) != 1 or not isinstance(values.iloc[0], str):
            return Confidence(0.0, f'column "{names[0]}" holds no texts')
    texts_said = "lines of text" if table.documents is not None else f'texts in "{names[0]}"'
    return Confidence(0.7, f"{texts_said} and no labels: language")


def _why_texts(documents: pd.DataFrame) -> str:
    """Why a file is a text, not a class with an example a line; empty where nothing says so."""
    lines = [text.strip().split("\n") for text in documents["text"]]
    said = [sum(bool(line.strip()) for line in some) for some in lines]
    if np.median(said) <= FEW_LINES:
        return "of few lines each"
    if np.mean([held < len(some) for held, some in zip(said, lines, strict=True)]) >= 0.5:
        return "with paragraphs that blank lines divide"
    patterns = {re.sub(r"\d+", "0", name) for name in documents["name"]}
    if len(documents) >= NUMBERED_FILES and len(patterns) <= len(documents) / 2:
        return f'with numbers as names (such as "{documents["name"].iloc[0]}")'
    return ""


def _among_others(frame: pd.DataFrame, names: list[str]) -> Confidence:
    """Long texts beside columns that only tell rows apart."""
    described = guess.describe(frame)
    kinds = {name: described[name] for name in names}
    texts = [name for name, kind in kinds.items() if kind is guess.ColumnKind.TEXT]
    others = [name for name in kinds if name not in texts]
    lists = guess.ColumnKind.LIST in kinds.values()  # which cannot even be counted
    if len(texts) != 1 or lists or not all(_tells_apart(frame[name]) for name in others):
        return Confidence(0.0, f"{len(kinds)} columns, not one of texts alone")
    length = frame[texts[0]].dropna().astype(str).str.len().mean()
    if not length >= LONG_CHARACTERS:
        return Confidence(0.0, f'the texts in "{texts[0]}" are short')
    return Confidence(
        0.55, f'long texts in "{texts[0]}", and columns that tell rows apart: language'
    )


def _tells_apart(column: pd.Series) -> bool:
    return bool(column.nunique() >= DISTINCT_SHARE * len(column))


def divide(sources: Sources, spec: DataSpec) -> DocumentParts:
    """All documents in their parts: as given, or cut in order by shares."""
    wanted = SplitSpec.parse(spec.split)
    if wanted.dates:
        raise UserError(
            f"--split {spec.split}: texts have no dates",
            "accepted: shares such as 90/5/5, cut in the order of the text",
        )
    whose = {} if spec.group is None else {"group": spec.group}
    named = {**spec.columns, **whose}
    tables = {"train": sources.train, "valid": sources.valid, "test": sources.test}
    given: dict[str, list[Document]] = {part: [] for part in PARTS}
    notes: list[str] = []
    roles: dict[str, str] = {}
    for part, table in tables.items():
        if table is None:
            continue
        documents, splits, column = read(table, named, notes)
        if column or whose:
            roles = roles or {"text": column or "text", **whose}
        for document, said in zip(documents, splits, strict=True):
            given[said if part == "train" and said else part].append(document)
    if not given["train"]:
        raise UserError(f'"{sources.train.origin}": no text to learn from', "bring a training part")
    if wanted.shares and (given["valid"] or given["test"]):
        listed = ", ".join(part for part in PARTS if given[part])
        raise UserError(
            f"--split: the data brings its own parts ({listed})", "leave --split out to use them"
        )
    (train, valid, test), how, more = _complete(given, wanted.shares or DEFAULT_SHARES)
    return DocumentParts(train, valid, test, how, (*notes, *more), roles)


def read(
    table: Table, named: Mapping[str, str], notes: list[str], rows: int = 0
) -> tuple[list[Document], list[str | None], str | None]:
    """A table's documents, the part each came with, and the column that held them.

    `named` has the columns of text and group that were given; `rows` rows stand before the table's
    own in the file.
    """
    column, group = named.get("text"), named.get("group")
    if table.documents is not None and column in (None, "text"):
        frame, name = table.documents, None
        texts, names = frame["text"].tolist(), frame["name"].tolist()
    else:
        frame, name = table.frame, _column(table, column, group)
        texts = _texts(frame[name], name, table.origin)
        names = [f"row {rows + row + 1}" for row in range(len(frame))]
    splits: list[str | None] = [None] * len(texts)
    if "split" in frame.columns and (name is None or names_parts(frame)):
        splits = [SPLIT_NAMES[str(value).strip().lower()] for value in frame["split"]]
    empty = [row for row, text in enumerate(texts) if not text.strip()]
    if len(empty) == len(texts):
        raise UserError(f'"{table.origin}": all texts are empty', "expected text to learn from")
    if empty:
        notes.append(f"rows without a text, left out: {len(empty):,} ({names[empty[0]]} first)")
    without = set(empty)
    kept = [row for row in range(len(texts)) if row not in without]
    groups = [None] * len(texts) if group is None else _groups(table, frame, group, names)
    documents = [Document(names[r], texts[r], group=groups[r]) for r in kept]
    return documents, [splits[r] for r in kept], name


def _groups(table: Table, frame: pd.DataFrame, column: str, names: list[str]) -> list[str | None]:
    cells = frame[guess.named(frame, column, table.origin)]
    if cells.isna().any():
        first = names[int(cells.isna().to_numpy().argmax())]
        raise UserError(f'"{table.origin}": {first} has no group', "fill in the --group column")
    return [str(cell) for cell in cells]


def _column(table: Table, given: str | None, group: str | None) -> str:
    frame = table.frame
    if given is not None:
        return guess.named(frame, given, table.origin)
    names = [str(name) for name in frame.columns if str(name) not in ("split", group)]
    if len(names) == 1:
        return names[0]
    telling = [name for name in names if guess.normalised(name) in TEXT_COLUMNS]
    texts = [name for name in names if guess.kind(frame[name]) is guess.ColumnKind.TEXT]
    for candidates in (telling, texts):
        if len(candidates) == 1:
            return candidates[0]
    raise UserError(
        f'"{table.origin}": which of the columns holds the text? ({", ".join(names)})',
        f"say it with --columns text={(texts or names)[0]}",
    )


def _texts(column: pd.Series, name: str, origin: str) -> list[str]:
    if pd.api.types.is_numeric_dtype(column.dtype):
        raise UserError(
            f'"{origin}": column "{name}" holds numbers, not texts',
            "name the column with the texts by --columns text=NAME",
        )
    return ["" if pd.isna(value) else str(value) for value in column]


def _complete(
    given: dict[str, list[Document]], shares: tuple[float, float, float]
) -> tuple[list[list[Document]], str, tuple[str, ...]]:
    """The three parts; what was not given is cut from the end of the training text."""
    train, valid, test = (given[part] for part in PARTS)
    share = shares[1] / (shares[0] + shares[1])
    if valid and test:
        return [train, valid, test], "the parts as given", ()
    if test:
        train, valid = cut(train, (1 - share, share))
        return [train, valid, test], "test as given, validation cut from the end of training", ()
    if valid:
        train, rest = cut(train, (1 - share, share))
        note = (
            "there is no test part: the given validation part is used as test, so that nothing is"
            " selected on it, and a new validation part is cut from the end of training"
        )
        return [train, rest, valid], "test is the given validation part", (note,)
    percent = "/".join(f"{100 * s:.3g}" for s in shares)
    whole = "by whole documents" if len(train) >= MANY_DOCUMENTS else "by characters"
    manner = "no group in two parts" if any(document.group for document in train) else whole
    return cut(train, shares), f"{percent} of the text in its order, {manner}", ()


def cut(documents: Sequence[Document], shares: Sequence[float]) -> list[list[Document]]:
    """Documents in order in one part per share: groups and many are whole, few are cut in two."""
    lengths = np.asarray([len(document.text) for document in documents])
    ends = lengths.cumsum()
    bounds = (np.cumsum(shares) / sum(shares) * ends[-1]).round().astype(int)
    whose = [document.group for document in documents]
    if any(group is not None for group in whose):
        codes, groups = pd.factorize(np.asarray(whose, dtype=object))
        if len(groups) < len(shares):
            raise UserError(
                f"{len(groups)} groups cannot be divided into {len(shares)} parts",
                "choose a --group column with more values, or leave --group out",
            )
        place = _places(np.bincount(codes, lengths), bounds)[codes]
    elif len(documents) >= MANY_DOCUMENTS:
        place = _places(lengths, bounds)
    else:
        return _cut_in_two(documents, lengths, bounds)
    return [
        [d for d, p in zip(documents, place, strict=True) if p == part]
        for part in range(len(shares))
    ]


def _places(lengths: NDArray[Any], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The part of each of some wholes in order, by where its middle is; no part is empty."""
    middle = lengths.cumsum() - lengths / 2
    place = np.searchsorted(bounds[:-1], middle, side="right")
    parts = range(len(bounds))
    for part in parts:  # what comes too late
        if part not in place and (place > part).any():
            place[np.argmax(place > part)] = part
    for part in reversed(parts):  # what comes too early
        if part not in place:
            place[np.flatnonzero(place < part)[-1]] = part
    return np.asarray(place, dtype=np.int64)


def _cut_in_two(
    documents: Sequence[Document], lengths: NDArray[np.int64], bounds: NDArray[np.int64]
) -> list[list[Document]]:
    """Stretches of documents between the bounds, in characters."""
    ends = lengths.cumsum()
    parts: list[list[Document]] = []
    for low, high in zip([0, *bounds[:-1]], bounds, strict=True):
        documents_of_part = []
        for document, end, length in zip(documents, ends, lengths, strict=True):
            begin = end - length
            first, last = max(low, begin) - begin, min(high, end) - begin
            if first < last:
                text = document.text[first:last]
                documents_of_part.append(
                    replace(document, text=text, at=int(first), ends=bool(last == length))
                )
        parts.append(documents_of_part)
    return parts
