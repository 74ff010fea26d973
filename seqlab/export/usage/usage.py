"""What the reader of a folder must know of one side of its network, and how that is written.

A part of a task – an input, or what its outputs mean – has a file here, which registers itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from seqlab.data.examples import Examples
from seqlab.tasks.base import Task
from seqlab.tasks.row_task import RowTask


@dataclass(frozen=True)
class Usage:
    """One side of a network.

    facts: what preprocess.json holds of it. code: Python that defines `read(raw)`, the network's
    inputs by name, or `answer(*outputs)`; it sees `np`, `know` (the facts of both sides) and what
    `setup` made. imports: lines; packages: what they need besides NumPy. example: Python of a raw
    example.
    """

    facts: dict[str, Any]
    code: str
    setup: str = ""
    imports: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    example: str = ""


@singledispatch
def reading(part: Any, examples: Examples) -> Usage:
    """How raw values become the network's inputs."""
    raise NotImplementedError


@singledispatch
def answering(task: Any) -> Usage:
    """What the network's outputs say."""
    raise NotImplementedError


def reading_of(task: Task, examples: Examples) -> Usage:
    """How a task's raw values become the network's inputs."""
    return reading(task.reader if isinstance(task, RowTask) else task, examples)
