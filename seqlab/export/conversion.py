"""A model's form as a file that was checked: first as the model runs, else with its loops kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.forms.form import Form
from seqlab.export.onnx_file import NotTracedError, to_onnx, traced
from seqlab.export.parity import Agreement, agreements, refuse
from seqlab.export.runtime import Session
from seqlab.export.scanning import Scanned, traceable

TRACED_ROWS, TRACED_LENGTH = 3, 7  # of the traced example: no size that a network could have itself


@dataclass(frozen=True)
class Converted:
    """An ONNX file that computes what the model does.

    loops: whether mixers go through their positions one by one, which is slow in one piece.
    """

    content: bytes
    session: Session
    table: list[Agreement]
    loops: bool

    @property
    def usual_length(self) -> int | None:
        """A length that was tried and is neither 1 nor the longest, for examples."""
        lengths = [cell.length for cell in self.table if cell.length]
        return sorted(set(lengths))[len(set(lengths)) // 2] if lengths else None


def convert(form: Form, examples: Examples, name: str) -> Converted:
    """The checked file; a UserError that names what cannot be exported, and why."""
    attempts: list[Callable[[nn.Module], nn.Module]] = [
        traceable,
        lambda network: traceable(network, scan_all=True),
    ]
    reasons: list[UserError] = []
    for attempt in attempts:
        network = attempt(form.network)
        try:
            return checked(form, network, examples, name)
        except NotTracedError as error:
            reasons.append(
                UserError(
                    f"{name} cannot be written as ONNX: {error}",
                    "seqlab mixers lists others; all of seqlab's own can be exported",
                )
            )
        except UserError as error:
            reasons.append(error)
    raise reasons[0]


def checked(form: Form, network: nn.Module, examples: Examples, name: str) -> Converted:
    """A network that stands for the form's, as a file; refused unless both agree everywhere."""
    length = None if form.lengths(examples) == [None] else TRACED_LENGTH
    arguments = form.arguments(examples, TRACED_ROWS, length)
    content = to_onnx(traced(network, arguments, form.inputs), form.inputs, form.outputs)
    session = Session(content)
    table = agreements(form, session, examples)
    refuse(table, name)
    loops = any(isinstance(module, Scanned) for module in network.modules())
    return Converted(content, session, table, loops)
