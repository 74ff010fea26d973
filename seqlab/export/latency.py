"""What one example takes, and what is stored, for each way to run a model: all in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from seqlab import kernels
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.conversion import convert
from seqlab.export.forms.choose import form_of
from seqlab.export.forms.form import Form
from seqlab.export.quantised import in_eight_bits
from seqlab.export.runtime import Session
from seqlab.export.timing import in_turn
from seqlab.model.base import Model
from seqlab.tasks.base import Task

# PyTorch's own operators, our fused loops, and the files of ONNX.
RUNTIMES = ("torch", "fused", "onnx", "int8")
BYTES_A_NUMBER = 4


@dataclass(frozen=True)
class Member:
    """A model of the winner set."""

    name: str
    task: Task
    model: Model
    test: Examples


@dataclass(frozen=True)
class Measured:
    """One way to run one member: megabytes, and milliseconds of an example by number of threads."""

    name: str
    runtime: str
    megabytes: float
    one_thread: dict[str, float]
    all_threads: dict[str, float]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "runtime": self.runtime,
            "size_mb": self.megabytes,
            "one_thread": self.one_thread,
            "all_threads": self.all_threads,
        }


def measured(members: list[Member]) -> tuple[list[Measured], list[str]]:
    """Every member in every runtime that it can run in, and why others are missing."""
    contents: dict[tuple[str, str], bytes] = {}
    notes = []
    for member in members:
        try:
            form = form_of(member.task, member.model)
            whole = convert(form, member.test, member.name).content
            contents[member.name, "onnx"] = whole
            contents[member.name, "int8"] = in_eight_bits(whole)
        except UserError as error:
            notes.append(f"{member.name} in ONNX: {error.message}")
    available = torch.get_num_threads()
    try:
        by_threads = []
        for threads in (1, available):
            torch.set_num_threads(threads)
            calls = _calls(members, contents, threads)
            by_threads.append(in_turn(calls))
    finally:
        torch.set_num_threads(available)
    one, every = by_threads
    return [
        Measured(name, runtime, _size(name, runtime, members, contents), *pair)
        for name, runtime in one
        for pair in [(one[name, runtime].plain(), every[name, runtime].plain())]
    ], notes


def _size(
    name: str, runtime: str, members: list[Member], contents: dict[tuple[str, str], bytes]
) -> float:
    if (name, runtime) in contents:
        return len(contents[name, runtime]) / 1e6
    model = next(member.model for member in members if member.name == name)
    return sum(p.numel() for p in model.parameters()) * BYTES_A_NUMBER / 1e6


def _calls(
    members: list[Member], contents: dict[tuple[str, str], bytes], threads: int
) -> dict[tuple[str, str], Callable[[], object]]:
    """A prediction of one example of a usual length, by member and runtime."""
    calls: dict[tuple[str, str], Callable[[], object]] = {}
    for member in members:
        form = form_of(member.task, member.model)
        tensors = form.arguments(member.test, 1, usual_length(form, member.test))
        for runtime in RUNTIMES:
            if runtime == "fused" and member.model.backend != "fused":
                continue  # an architecture without loops has no kernel
            if runtime in ("torch", "fused"):
                calls[member.name, runtime] = _by_torch(form, tensors, runtime)
            elif (member.name, runtime) in contents:
                session = Session(contents[member.name, runtime], threads)
                calls[member.name, runtime] = _by_file(form, tensors, session)
    return calls


def usual_length(form: Form, examples: Examples) -> int | None:
    """The middle one of the lengths that parity is tried at; None: all are as long."""
    lengths = form.lengths(examples)
    return sorted(lengths)[len(lengths) // 2] if None not in lengths else None  # type: ignore[type-var]


def _by_torch(form: Form, tensors: Any, backend: str) -> Callable[[], object]:
    network = form.network

    def call() -> object:
        with kernels.preferring(backend), torch.inference_mode():
            return network(*tensors)

    return call


def _by_file(form: Form, tensors: Any, session: Session) -> Callable[[], object]:
    arrays, names = [tensor.numpy() for tensor in tensors], [port.name for port in form.inputs]
    return lambda: session(*arrays, names=names)
