"""The data of a study as a contestant reads them, which may have a reader and a network of its own.

A study holds its rows and targets once. What brings its own tokenizer or network – a checkpoint, or
code of the user's – reads the same rows anew: examples and targets stay in their places, so that
every contestant is scored on the same rows.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, Origin
from seqlab.tasks.base import Prepared, Task
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.inputs.tokens import Tokens
from seqlab.tasks.row_task import RowTask

READER = "reader"  # the folder beside a trained model's weights
MOST_KEPT = 4  # prepared data that are kept as some contestant reads them

_kept: OrderedDict[tuple[int, str], tuple[Prepared, Prepared]] = OrderedDict()


def as_read(prepared: Prepared, spec: ModelSpec) -> Prepared:
    """Prepared data as the contestant of a spec reads them: themselves, unless it has a reader."""
    if spec.origin is None:
        return prepared
    key = id(prepared), spec.origin.content + str(spec.origin.window)
    if key not in _kept or _kept[key][0] is not prepared:
        task = task_as_read(prepared.task, spec)
        train, valid, test = (
            read_anew(task, part) for part in (prepared.train, prepared.valid, prepared.test)
        )
        anew = replace(prepared, task=task, train=train, valid=valid, test=test)
        _kept[key] = prepared, anew
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return _kept[key][1]


def task_as_read(task: Task, spec: ModelSpec, run: Path | None = None) -> Task:
    """A task as the contestant of a spec reads it.

    With `run`, the folder of a trained model, by the reader that lies there.
    """
    if spec.origin is None:
        return task
    reads = {"checkpoint": _by_checkpoint, "code": _by_code}
    return reads[spec.origin.kind](task, spec.origin, run)


def read_anew(task: Task, examples: Examples) -> Examples:
    """Examples as a task with a reader of its own encodes them; those of others stay."""
    if isinstance(task, RowTask) and task.build is not None:
        return task.read_anew(examples)
    return examples


def save_reader(task: Task, run: Path) -> None:
    """Write what a contestant's own reader needs beside its weights."""
    if isinstance(task, RowTask) and task.build is not None:
        task.reader.save(run / READER)


def _by_checkpoint(task: Task, origin: Origin, run: Path | None) -> Task:
    from seqlab.pretrained.checkpoint import digest_of_checkpoint, located
    from seqlab.pretrained.network import build_checkpoint

    rows, kind = rows_of(task, origin), checkpoint_reader(task, origin.name)
    if run is not None:
        reader = kind.load(run / READER)
    else:
        if digest_of_checkpoint(located(origin.name)) != origin.content:
            raise UserError(
                f"{origin.name}: not the checkpoint that this study was planned with",
                "put it back, or give another folder for the study with -o",
            )
        reader = kind.of(rows.reader, origin)

    def build(own: RowTask, spec: ModelSpec) -> Any:
        model = build_checkpoint(spec, reader, with_weights=run is None)
        model.head = own.head(model.head_width)
        return model

    return rows.read_by(reader, build)


def _by_code(task: Task, origin: Origin, run: Path | None) -> Task:
    from seqlab.pretrained.own_code import build_own

    rows = rows_of(task, origin)
    return rows.read_by(rows.reader, build_own)


def rows_of(task: Task, origin: Origin) -> RowTask:
    """A task of rows, the only kind that is read anew."""
    if not isinstance(task, RowTask):
        raise UserError(
            f'candidate "{origin.name}" cannot enter {task.name}',
            "accepted: tasks whose examples are rows, such as classify and regress",
        )
    return task


def checkpoint_reader(task: Task, name: str) -> Any:
    """The class of a checkpoint's reader for what a task reads; UserError where there is none."""
    from seqlab.pretrained.reader import CheckpointText
    from seqlab.pretrained.tokens import CheckpointTokens

    readers = {Text: CheckpointText, Tokens: CheckpointTokens}
    kind = readers.get(type(task.reader)) if isinstance(task, RowTask) else None
    if kind is None:
        raise UserError(
            f'candidate "{name}" reads texts, which {task.name} does not have here',
            "accepted with it: classify, regress of texts, and tag of words",
        )
    return kind
