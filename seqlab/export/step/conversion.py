"""The step file of a model, checked against the model's own pass over all positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqlab.batch import Context
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.forms.form import BATCH, TIME, Form, Port
from seqlab.export.onnx_file import NotTracedError, to_onnx, traced
from seqlab.export.parity import TOLERANCE, difference
from seqlab.export.runtime import Session
from seqlab.export.step.network import StepNetwork
from seqlab.export.step.stepper import NEXT, POSITION, STATE, Stepper
from seqlab.model.base import Model
from seqlab.model.sequence_model import SequenceModel

ROWS, TRACED_STEPS = 3, 4  # of the traced example; a cache must hold some positions already
STEPS, WINDOWS = 130, 2  # positions that the check streams: so many, or twice the longest example


@dataclass(frozen=True)
class Step:
    """A step file and the state that begins a stream, of one sequence."""

    content: bytes
    first: dict[str, NDArray[Any]]
    counted: bool
    steps: int
    difference: float

    def plain(self) -> dict[str, Any]:
        """As the card has it."""
        states = {name: list(value.shape[1:]) for name, value in self.first.items()}
        return {
            "states": states,
            "state_bytes": sum(value.nbytes for value in self.first.values()),
            "position": self.counted,
            "steps_checked": self.steps,
            "difference": self.difference,
        }


def step_of(form: Form, model: Model, examples: Examples, name: str) -> Step:
    """The checked step file; refused where the model does not stream or the file is not exact."""
    if not isinstance(model, SequenceModel):
        raise UserError(f"{name} does not read position by position", "leave --step out")
    network = StepNetwork(model.eval())
    inputs, outputs = _ports(network)
    try:
        program = traced(network, _example(network, form, examples), inputs)
        content = to_onnx(program, inputs, outputs)
    except NotTracedError as error:
        raise UserError(
            f"{name} cannot be written as a step: {error}", "leave --step out"
        ) from error
    names = [port.name for port in inputs if port.name.startswith(STATE)]
    first = {n: t.numpy() for n, t in zip(names, network.first_states(1), strict=True)}
    stepper = Stepper(Session(content), first)
    read = form.arguments(examples, ROWS, _steps(form, examples))[0]
    worst = compared(stepper, model, read)
    if not worst <= TOLERANCE:
        raise UserError(
            f"{name}: within {read.shape[1]} steps the step file comes to differ from the model "
            f"by {worst:.1e}; nothing was written",
            "leave --step out",
        )
    return Step(content, first, bool(network.counted), read.shape[1], worst)


def compared(stepper: Stepper, model: SequenceModel, inputs: Tensor) -> float:
    """The largest difference between streaming (B, T, …) and reading it at once."""
    stepper.restart(inputs.shape[0])
    streamed = [stepper.step(inputs[:, t : t + 1].numpy()) for t in range(inputs.shape[1])]
    with torch.inference_mode():
        if model.pooling is None:
            whole = model(inputs, Context()).numpy()
            return difference(whole, np.stack(streamed, axis=1))
        ends = sorted({1, 2, inputs.shape[1] // 2, inputs.shape[1]} - {0})
        return max(
            difference(model(inputs[:, :end], Context()).numpy(), streamed[end - 1]) for end in ends
        )


def _steps(form: Form, examples: Examples) -> int | None:
    """How many positions are streamed; None: sequences have one length."""
    lengths = [length for length in form.lengths(examples) if length]
    if not lengths:
        return None
    wanted = max(STEPS, WINDOWS * max(lengths))
    return wanted if form.reads(examples, wanted) else max(lengths)


def _ports(network: StepNetwork) -> tuple[list[Port], list[Port]]:
    grown = network.growing()
    states = [{0: BATCH, **({axis: TIME} if axis else {})} for axis in grown]
    inputs = [Port("x", {0: BATCH})]
    inputs += [Port(POSITION, {})] if network.counted else []
    inputs += [Port(f"{STATE}{n}", axes) for n, axes in enumerate(states)]
    outputs = [Port("outputs", {0: BATCH})]
    outputs += [Port(f"{NEXT}{n}", axes) for n, axes in enumerate(states)]
    return inputs, outputs


def _example(network: StepNetwork, form: Form, examples: Examples) -> tuple[Tensor, ...]:
    """Arguments after some positions, when caches hold something."""
    length = TRACED_STEPS + 1 if form.lengths(examples) != [None] else None
    values = form.arguments(examples, ROWS, length)[0]
    state = network.first_states(ROWS)
    with torch.no_grad():
        for t in range(min(TRACED_STEPS, values.shape[1] - 1)):
            place = [torch.tensor(t)] if network.counted else []
            _, *state = network(values[:, t : t + 1], *place, *state)
    place = [torch.tensor(TRACED_STEPS)] if network.counted else []
    return (values[:, :1], *place, *state)
