"""Names to classes, found by file name and imported on use.

A registered file holds a literal `CARD` and one class under `@registered`. The file's name is the
thing's name (`linear_attention.py` is `linear-attention`), and its card is read without importing
the file: listing what there is must be instant, and must not need torch.
"""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from seqlab.errors import unknown

KINDS = ("mixers", "tasks", "metrics", "baselines")

Card = MappingProxyType[str, Any]
C = TypeVar("C", bound=type)


def registered(cls: C) -> C:
    """Mark the one class of its file that the file's name stands for; sets `cls.name`."""
    cls.name = cls.__module__.rpartition(".")[2].replace("_", "-")  # type: ignore[attr-defined]
    return cls


@cache
def cards(kind: str) -> MappingProxyType[str, Card]:
    """Every registered name of a kind with its card, plus `summary`, its docstring's first line."""
    found = {}
    for path in sorted(Path(__file__).parent.joinpath(*kind.split(".")).glob("*.py")):
        card = _read_card(path)
        if card is not None:
            found[path.stem.replace("_", "-")] = card
    return MappingProxyType(found)


def names(kind: str) -> list[str]:
    """The registered names of a kind, in alphabetical order."""
    return list(cards(kind))


def card(kind: str, name: str) -> Card:
    """The card of one registered name; unknown names end in a suggestion."""
    known = cards(kind)
    if name not in known:
        raise unknown(kind.rpartition(".")[2].removesuffix("s"), name, known)
    return known[name]


def load(kind: str, name: str) -> Any:
    """The registered class, imported now."""
    card(kind, name)
    module = importlib.import_module(f"seqlab.{kind}.{name.replace('-', '_')}")
    for value in vars(module).values():
        if (
            isinstance(value, type)
            and value.__module__ == module.__name__
            and vars(value).get("name") == name
        ):
            return value
    raise AssertionError(f"{module.__name__} has a CARD but no @registered class")


def _read_card(path: Path) -> Card | None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="CARD")], value=value):
                summary = (ast.get_docstring(tree) or "").partition("\n")[0]
                return MappingProxyType({"summary": summary, **ast.literal_eval(value)})
    return None
