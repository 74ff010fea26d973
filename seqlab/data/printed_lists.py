"""Lists in cells as NumPy prints them: ['fun' 'sad'], [1. 2.5], array(['a', 'b'], dtype=object)."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

Items = list[str] | list[float] | list[int]

_WRAPPED = re.compile(r"array\((\[.*\])(?:,\s*dtype=[\w.<>'|]+)?\)", re.DOTALL)
_ITEM = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s'",\[\]]+))\s*""")


def printed_lists(cells: Sequence[str]) -> list[Items | None] | None:
    """The lists of a column of printed arrays, None for blank cells; None where it is no such.

    Lists with commas, as Python and JSON write them, are left to who reads them.
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled or not all(cell[:1] in "[a" and cell[-1:] in "])" for cell in filled):
        return None
    items = {cell: _items(cell) for cell in set(filled)}
    read = {cell: found for cell, found in items.items() if found is not None}
    if len(read) < len(items) or not any(_is_printed(cell, read[cell]) for cell in read):
        return None
    return [read.get(cell.strip()) for cell in cells]


def _is_printed(cell: str, items: Items) -> bool:
    return cell.startswith("array(") or len(items) > 1


def _items(cell: str) -> Items | None:
    """The items of one printed array, without a comma between them unless `array(` says so."""
    wrapped = _WRAPPED.fullmatch(cell)
    if wrapped is not None:
        try:
            value = ast.literal_eval(wrapped[1])
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
        return value if _is_flat(value) else None
    if not (cell.startswith("[") and cell.endswith("]")):
        return None
    words: list[str] = []
    bare = quoted = 0
    place, inner = 0, cell[1:-1].strip()
    while place < len(inner):
        found = _ITEM.match(inner, place)
        if found is None:
            return None
        words.append(next(group for group in found.groups() if group is not None))
        bare, quoted = bare + (found[3] is not None), quoted + (found[3] is None)
        place = found.end()
    if not bare:
        return words
    return _numbers(words) if not quoted else None


def _numbers(words: list[str]) -> Items | None:
    try:
        return [int(word) for word in words]
    except ValueError:
        pass
    try:
        return [float(word) for word in words]
    except ValueError:
        return None


def _is_flat(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str | int | float) for item in value)
