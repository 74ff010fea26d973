"""What stored JSON must look like: a shape, and where a value departs from it.

A shape is a type, `NUMBER`, `None`, a tuple of alternatives, `[shape]` for a list of any length,
`{"name": shape, "other?": shape}` for an object (`?`: may be missing; names that are not mentioned
may be there), `{...: shape}` for one whose names are data, `"one|other"` for one of some words,
`ANY`, or a test of one's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import EllipsisType
from typing import Any, TypeAlias

from seqlab.outside import DamagedError, finite_fraction, parse_json, read_bytes

MOST, LEAST = 1e100, 1e-100  # beyond, products and quotients of two numbers would not be finite

Shape: TypeAlias = Any
Test: TypeAlias = Callable[[Any], bool]

ANY = object()
NUMBER = (int, float)
SCALAR = (str, bool, *NUMBER, None)
WORDS = {str: "text", dict: "an object", list: "a list", int: "a number", float: "a number"}


def read_shaped(path: Path, shape: Shape) -> Any:
    """The JSON of a file.

    Raises: DamagedError if it is none or of another shape; UserError; FileNotFoundError.
    """
    content = read_bytes(path)
    try:
        value = parse_json(content, _drawable)
    except ValueError as error:
        raise DamagedError(path, str(error)) from None
    problem = departure(value, shape)
    if problem:
        raise DamagedError(path, problem)
    return value


def departure(value: Any, shape: Shape, where: str = "") -> str:
    """Where a value first departs from a shape, in words; nothing if it does not."""
    if isinstance(shape, tuple):
        problems = [departure(value, one, where) for one in shape]
        if not all(problems):
            return ""
        for one, problem in zip(shape, problems, strict=True):
            if isinstance(one, list | dict) and type(one) is type(value):
                return problem  # of the right kind: what is wrong lies within
    elif isinstance(shape, list) and isinstance(value, list):
        places = ((item, shape[0], f"{where}[{place}]") for place, item in enumerate(value))
        return next(filter(None, (departure(*place) for place in places)), "")
    elif isinstance(shape, dict) and isinstance(value, dict):
        return _fields(value, shape, where)
    elif shape is ANY or _is(value, shape):
        return ""
    return f"{where or 'the whole file'} is {_shown(value)}, expected {_expected(shape)}"


def _is(value: Any, shape: Shape) -> bool:
    """Whether a value is of a type, or passes a test."""
    if shape is None or isinstance(shape, list | dict):
        return value is None and shape is None
    if isinstance(shape, str):
        return value in shape.split("|")
    if isinstance(shape, type):
        return isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
    return bool(shape(value))


def _fields(value: dict[str, Any], shape: dict[Any, Shape], where: str) -> str:
    dot = f"{where}." if where else ""
    for name, inner in shape.items():
        if isinstance(name, EllipsisType):
            found = (departure(item, inner, f"{dot}{key}") for key, item in value.items())
            return next(filter(None, found), "")
        key = name.removesuffix("?")
        if key not in value:
            if name == key:
                return f"{dot}{key} is missing"
        elif problem := departure(value[key], inner, f"{dot}{key}"):
            return problem
    return ""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _expected(shape: Shape) -> str:
    if isinstance(shape, tuple):
        return " or ".join(dict.fromkeys(_expected(one) for one in shape))
    if isinstance(shape, type):
        return WORDS.get(shape, "true or false")
    if isinstance(shape, list | dict):
        return WORDS[type(shape)]
    if isinstance(shape, str):
        return " or ".join(f'"{word}"' for word in shape.split("|"))
    return "null" if shape is None else str(shape.__doc__).split("\n")[0].rstrip(".").lower()


def _drawable(digits: str) -> float:
    value = finite_fraction(digits)
    if abs(value) > MOST:
        raise ValueError(f"the number {digits[:40]} is too large")
    return value if abs(value) > LEAST else 0.0
