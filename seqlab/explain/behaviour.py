"""Behaviour tests: what a contestant must be able to do, whatever its score is.

    minimum      examples that nobody would get wrong have the expected answer
    invariance   a change that means nothing changes no answer
    direction    a change that means something moves the score one way

Ribeiro et al. (2020), Beyond accuracy: behavioral testing of NLP models with CheckList.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqlab import registry
from seqlab.errors import UserError, unknown
from seqlab.explain.changes.base import Change
from seqlab.explain.intervals import Estimate
from seqlab.explain.proportions import wilson
from seqlab.outside import read_toml
from seqlab.specs import Spec

Array = NDArray[np.float64]
KINDS = ("minimum", "invariance", "direction")
CHANGES = "explain.changes"
MOST_SHOWN = 3  # failures of a test
SMALLEST_MOVE = 1e-6  # of a score, that counts as one


class BehaviourTest(Spec):
    """One test of a file.

    kind: minimum, invariance or direction. texts: what it is tried on; by default rows of the
    study's test part, `rows` of them. expect: the class that is right (minimum). change: what is
    done to an example, by its name, `strength` times as much as is usual, with `terms`, pairs that
    are swapped. class: whose score moves, `up` or `down` (direction). most: the share of cases that
    may fail.
    """

    name: str
    kind: str
    texts: tuple[str, ...] = ()
    rows: int = Field(500, ge=1)
    expect: str | None = None
    change: str | None = None
    strength: float = Field(1.0, gt=0)
    terms: tuple[tuple[str, str], ...] = ()
    of_class: str | None = Field(None, alias="class")
    direction: Literal["up", "down"] | None = None
    most: float = Field(0.05, ge=0, le=1)


@dataclass(frozen=True)
class Outcome:
    """What became of a test. rate: the share of cases that failed. failed: some of them."""

    test: BehaviourTest
    cases: int
    rate: Estimate
    failures: list[str]

    @property
    def passed(self) -> bool:
        """Whether no more failed than may; without a case nothing is shown."""
        return self.cases > 0 and self.rate.value <= self.test.most


@dataclass(frozen=True)
class Tried:
    """A contestant as tests need it: classes, examples of the test part, and their answers.

    inputs: texts or values; labels: the true classes. answer: inputs → probabilities (n, C).
    shown: an input for people.
    """

    classes: Sequence[str]
    reads: str  # text or series
    inputs: Sequence[Any]
    labels: NDArray[np.int64]
    answer: Callable[[Sequence[Any]], Array]
    shown: Callable[[Any], str]


def read_tests(path: Path) -> list[BehaviourTest]:
    """The tests of a TOML file, each checked."""
    content = read_toml(path, str(path), "name a file of behaviour tests")
    entries = content.get("test")
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{path}: no tests", "write each under [[test]]")
    return [_test(entry, f"{path}: test {n}") for n, entry in enumerate(entries, start=1)]


def _test(entry: Any, where: str) -> BehaviourTest:
    values = dict(entry) if isinstance(entry, dict) else {}
    values.setdefault("name", f"{values.get('change') or values.get('kind')}")
    test = BehaviourTest.read(values, where)
    if test.kind not in KINDS:
        raise _within(where, unknown("kind", test.kind, KINDS))
    if test.change is not None and test.change not in registry.names(CHANGES):
        raise _within(where, unknown("change", test.change, registry.names(CHANGES)))
    needed = {
        "minimum": ("expect",),
        "invariance": ("change",),
        "direction": ("change", "direction"),
    }
    for name in needed[test.kind]:
        if getattr(test, name) is None:
            raise UserError(f'{where}: kind = "{test.kind}" needs {name}', f"write {name} = …")
    if test.change == "names" and not test.terms:
        raise UserError(f'{where}: change = "names" needs terms', 'write terms = [["Bob", "Ada"]]')
    return test


def _within(where: str, error: UserError) -> UserError:
    return UserError(f"{where}: {error.message}", error.hint)


def run_test(test: BehaviourTest, tried: Tried, seed: int = 0) -> Outcome:
    """Try a test on a contestant."""
    for name in (test.expect, test.of_class):
        if name is not None and name not in tried.classes:
            raise UserError(
                f'test "{test.name}": "{name}" is no class of this model',
                f"accepted: {', '.join(tried.classes)}",
            )
    if test.texts and tried.reads != "text":
        raise UserError(f'test "{test.name}": this model reads no texts', "leave texts out")
    rng = np.random.default_rng(seed)
    if test.kind == "minimum":
        return _minimum(test, tried, rng)
    change: Change = registry.load(CHANGES, str(test.change))(test.strength, test.terms)
    if change.reads != tried.reads:
        raise UserError(
            f'test "{test.name}": change "{test.change}" is one of {change.reads}, and this model'
            f" reads {tried.reads}",
            f"accepted: {', '.join(_changes_of(tried.reads))}",
        )
    pairs = [(value, change.apply(value, rng)) for value in _inputs(test, tried, rng)]
    some = [(before, after) for before, after in pairs if after is not None]
    if not some:
        return Outcome(test, 0, wilson(0, 0), [])
    before, after = (tried.answer(side) for side in zip(*some, strict=True))
    wrong = (
        _changed(before, after)
        if test.kind == "invariance"
        else _astray(test, tried, before, after)
    )
    failed = [
        f"{tried.shown(some[row][0])} → {tried.shown(some[row][1])}"
        for row in np.flatnonzero(wrong)[:MOST_SHOWN]
    ]
    return Outcome(test, len(some), wilson(int(wrong.sum()), len(some)), failed)


def _changes_of(reads: str) -> list[str]:
    return [n for n in registry.names(CHANGES) if registry.load(CHANGES, n).reads == reads]


def _inputs(test: BehaviourTest, tried: Tried, rng: np.random.Generator) -> list[Any]:
    if test.texts:
        return list(test.texts)
    rows = np.arange(len(tried.inputs))
    if len(rows) > test.rows:
        rows = np.sort(rng.choice(rows, test.rows, replace=False))
    return [tried.inputs[int(row)] for row in rows]


def _minimum(test: BehaviourTest, tried: Tried, rng: np.random.Generator) -> Outcome:
    """Given texts, or rows of the test part that are of the class."""
    wanted = list(tried.classes).index(str(test.expect))
    inputs: list[Any] = list(test.texts)
    if not inputs:
        rows = np.flatnonzero(tried.labels == wanted)
        inputs = [tried.inputs[int(row)] for row in rows[: test.rows]]
    if not inputs:
        return Outcome(test, 0, wilson(0, 0), [])
    wrong = tried.answer(inputs).argmax(axis=1) != wanted
    failed = [tried.shown(inputs[row]) for row in np.flatnonzero(wrong)[:MOST_SHOWN]]
    return Outcome(test, len(inputs), wilson(int(wrong.sum()), len(inputs)), failed)


def _changed(before: Array, after: Array) -> NDArray[np.bool_]:
    return np.asarray(before.argmax(axis=1) != after.argmax(axis=1))


def _astray(test: BehaviourTest, tried: Tried, before: Array, after: Array) -> NDArray[np.bool_]:
    """Scores that do not move the way they should; of the predicted class if none is named."""
    rows = np.arange(len(before))
    if test.of_class is None:
        column = before.argmax(axis=1)
    else:
        column = np.full(len(before), list(tried.classes).index(test.of_class))
    moved = after[rows, column] - before[rows, column]
    return np.asarray(moved < SMALLEST_MOVE if test.direction == "up" else moved > -SMALLEST_MOVE)
