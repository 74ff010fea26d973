"""Methods by name, and what all of them say of a case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seqlab import registry
from seqlab.explain.attribution import Attribution
from seqlab.explain.methods.base import Case, Method

METHODS = "explain.methods"


def method(name: str) -> Method:
    """A method by its name; an unknown one ends in a suggestion."""
    made: Method = registry.load(METHODS, name)()
    return made


def possible(case: Case) -> list[str]:
    """The methods that a case can have, in the order of their names."""
    return [
        name for name in registry.names(METHODS) if not registry.load(METHODS, name).refusal(case)
    ]


def attributions(case: Case, names: Sequence[str] | None = None) -> Iterator[Attribution]:
    """What methods say; those that are named must be possible, else all that are."""
    for name in names if names is not None else possible(case):
        made = method(name)
        made.check(case)
        yield made.attribute(case)
