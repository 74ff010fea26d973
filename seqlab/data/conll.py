"""CoNLL: a token and its tags on each line, a blank line after each sentence; and CoNLL-U.

A sentence becomes a row whose cells are lists: `tokens`, then each further column, the last of
which is called `tags`; CoNLL-U names its columns itself (form, lemma, upos, xpos, feats, …).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from seqlab.data.formats import decode
from seqlab.data.table import Table
from seqlab.errors import UserError

# https://universaldependencies.org/format.html
UNIVERSAL = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_KEPT_COLUMNS = ("form", "lemma", "upos", "xpos", "feats", "deprel")
_WORD, _RANGE, _EMPTY = (re.compile(p) for p in (r"\d+", r"\d+-\d+", r"\d+\.\d+"))
_TAG = re.compile(r"[A-Z]\S*|[^\w\s]{1,5}|_")
_CODE = re.compile(r"[a-z]{2,3}(?:-[a-z]+)*:")
_DOCUMENT = "-DOCSTART-"
_SNIFFED_BYTES = 100_000
_LAYOUT = "expected a token and its tags on each line, and a blank line after each sentence"


@dataclass
class _Sentence:
    lines: list[int] = field(default_factory=list)  # where each token stands in the file, from 1
    rows: list[list[str]] = field(default_factory=list)
    document: str = ""


def read_conll(content: bytes, origin: str) -> Table:
    """Columns divided by tabs or spaces; what follows the layout of CoNLL-U is read as that."""
    text = decode(content, origin)
    lines = text.split("\n")
    tab = _divided_by_tabs(lines)
    width = _width(lines, tab)
    if width == len(UNIVERSAL) and tab:
        return read_conllu(content, origin)
    sentences = list(_sentences(lines, tab, width))
    if not sentences:
        raise UserError(f'"{origin}" holds no sentences', _LAYOUT)
    for sentence in sentences:
        for number, row in zip(sentence.lines, sentence.rows, strict=True):
            if len(row) != width:
                raise UserError(
                    f'"{origin}" line {number} has {_counted(len(row))} where most lines have'
                    f" {width}",
                    _LAYOUT,
                )
    names = ["tokens", *(f"column{i}" for i in range(2, width)), "tags"][:width]
    if width > 2 and all(_is_numbered(sentence) for sentence in sentences):
        names = ["id", "tokens", *names[2:]]
    columns = {
        name: [[row[place] for row in sentence.rows] for sentence in sentences]
        for place, name in enumerate(names)
        if name != "id"
    }
    notes = [f"sentences in CoNLL's layout; columns {', '.join(columns)}"]
    prefix = _language(columns["tokens"])
    if prefix:
        notes.append(f'"{prefix}" before every token left out')
        columns["tokens"] = [[t.removeprefix(prefix) for t in row] for row in columns["tokens"]]
    return _table(columns, sentences, origin, notes)


def read_conllu(content: bytes, origin: str) -> Table:
    """Words by their form; ranges of several words and empty nodes are left out and counted."""
    lines = decode(content, origin).split("\n")
    sentences = []
    ranges = empty = 0
    for sentence in _sentences(lines, True, len(UNIVERSAL)):
        kept = _Sentence(document=sentence.document)
        for number, row in zip(sentence.lines, sentence.rows, strict=True):
            if len(row) != len(UNIVERSAL):
                raise UserError(
                    f'"{origin}" line {number} has {_counted(len(row))}, CoNLL-U has'
                    f" {len(UNIVERSAL)}, divided by tabs",
                    "a file of other columns is read by the ending .conll",
                )
            if _RANGE.fullmatch(row[0]):
                ranges += 1
            elif _EMPTY.fullmatch(row[0]):
                empty += 1
            elif _WORD.fullmatch(row[0]):
                kept.lines.append(number)
                kept.rows.append(row)
            else:
                raise UserError(
                    f'"{origin}" line {number}: "{row[0]}" is no word number',
                    "expected 1, a range such as 1-2, or an empty node such as 1.1",
                )
        sentences.append(kept)
    if not sentences:
        raise UserError(f'"{origin}" holds no sentences', _LAYOUT)
    columns = {
        name: [[row[UNIVERSAL.index(name)] for row in sentence.rows] for sentence in sentences]
        for name in _KEPT_COLUMNS
    }
    notes = [f"sentences in CoNLL-U; columns {', '.join(_KEPT_COLUMNS)}"]
    if ranges:
        notes.append(f"ranges of several words left out, their words kept: {ranges:,}")
    if empty:
        notes.append(f"empty nodes left out: {empty:,}")
    return _table(columns, sentences, origin, notes)


def read_if_conll(content: bytes, origin: str) -> Table | None:
    """A text or TSV file that turns out to hold sentences a token a line; else None."""
    head = content[:_SNIFFED_BYTES].replace(b"\r\n", b"\n")
    if b"\n\n" not in head.strip():
        return None
    try:
        lines = head.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        lines = head.decode("latin-1").split("\n")
    if len(content) > len(head):
        lines = lines[: max(i for i, line in enumerate(lines) if not line.strip())]
    tab = _divided_by_tabs(lines)
    width = _width(lines, tab)
    sentences = list(_sentences(lines, tab, width))
    rows = [row for sentence in sentences for row in sentence.rows]
    if width < 2 or len(sentences) < 2 or len(rows) < 1.5 * len(sentences):
        return None
    tags = {row[-1] for row in rows}
    alike = all(len(row) == width for row in rows)
    few = len(tags) <= max(2, len(rows) / 2)
    # Lines of prose have spaces too: without tabs the last column has to look like tags.
    looks = all(tag and (tab or _TAG.fullmatch(tag)) and " " not in tag for tag in tags)
    return read_conll(content, origin) if alike and few and looks else None


def _sentences(lines: list[str], tab: bool, width: int) -> Iterator[_Sentence]:
    """Runs of lines between blank ones, without comments and marks of documents."""
    sentence, document = _Sentence(), ""
    for number, line in enumerate(lines, 1):
        cells = _cells(line, tab)
        if not cells:
            if sentence.rows:
                yield sentence
            sentence = _Sentence(document=document)
        elif cells[0] == _DOCUMENT:
            document = sentence.document = f"{int(document or 0) + 1}"
        elif line.startswith("#") and len(cells) != width:
            name, _, value = line[1:].partition("=")
            if name.strip() == "newdoc id":
                document = sentence.document = value.strip()
        else:
            sentence.lines.append(number)
            sentence.rows.append(cells)
    if sentence.rows:
        yield sentence


def _cells(line: str, tab: bool) -> list[str]:
    if not line.strip():
        return []
    return [cell.strip() for cell in line.rstrip().split("\t")] if tab else line.split()


def _is_token(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(("#", _DOCUMENT))


def _divided_by_tabs(lines: list[str]) -> bool:
    tokens = [line for line in lines if _is_token(line)]
    return sum("\t" in line.rstrip() for line in tokens) > len(tokens) / 2


def _width(lines: list[str], tab: bool) -> int:
    """The most common number of columns."""
    widths = Counter(len(_cells(line, tab)) for line in lines if _is_token(line))
    return widths.most_common(1)[0][0] if widths else 0


def _language(tokens: list[list[str]]) -> str:
    """The language with a colon that WikiANN writes before every token, if this is so here."""
    found = _CODE.match(tokens[0][0])
    if found is None or sum(map(len, tokens)) < 2:
        return ""
    everywhere = all(token.startswith(found[0]) for row in tokens for token in row)
    return found[0] if everywhere else ""


def _is_numbered(sentence: _Sentence) -> bool:
    return [row[0] for row in sentence.rows] == [str(i + 1) for i in range(len(sentence.rows))]


def _counted(columns: int) -> str:
    return f"{columns} column{'' if columns == 1 else 's'}"


def _table(
    columns: dict[str, list[list[str]]],
    sentences: list[_Sentence],
    origin: str,
    notes: list[str],
) -> Table:
    frame = pd.DataFrame(columns, dtype=object)
    documents = [sentence.document for sentence in sentences]
    if len(set(documents)) > 1:
        frame["document"] = documents
        notes.append("column document holds the document of each sentence")
    return Table(frame, origin, tuple(notes))
