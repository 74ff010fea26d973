"""Whether a file computes what the model computes, on real rows of every length that may hurt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.forms.form import Form
from seqlab.export.runtime import Session

BATCHES = (1, 5, 32)
TOLERANCE = 1e-4  # absolute, on the head's outputs in float32


@dataclass(frozen=True)
class Agreement:
    """The largest difference of any output in a batch of `rows` sequences up to `length`."""

    rows: int
    length: int | None
    difference: float
    problem: str = ""  # why nothing came out

    @property
    def holds(self) -> bool:
        """Whether it is within the tolerance; what is no number is not."""
        return self.difference <= TOLERANCE

    def plain(self) -> dict[str, Any]:
        """As the card has it."""
        return {"rows": self.rows, "length": self.length, "difference": self.difference}


def agreements(form: Form, session: Session, examples: Examples) -> list[Agreement]:
    """The parity table: each length at each batch size."""
    return [
        agreement(form, session, examples, rows, length)
        for length in form.lengths(examples)
        for rows in BATCHES
    ]


def agreement(
    form: Form, session: Session, examples: Examples, rows: int, length: int | None
) -> Agreement:
    """One cell of the table."""
    tensors = form.arguments(examples, rows, length)
    with torch.inference_mode():
        wanted = form.network(*tensors)
    arrays = [tensor.numpy() for tensor in tensors]
    expected = [one.numpy() for one in ([wanted] if torch.is_tensor(wanted) else wanted)]
    try:
        got = session(*arrays, names=[port.name for port in form.inputs])
    except Exception as error:  # a runtime has no class for a shape that a file does not take
        return Agreement(rows, length, float("inf"), str(error).partition("\n")[0][:200])
    pairs = zip(form.compared(expected, arrays), form.compared(got, arrays), strict=True)
    return Agreement(rows, length, max(difference(a, b) for a, b in pairs))


def difference(expected: NDArray[Any], got: NDArray[Any]) -> float:
    """The largest absolute one; infinite where shapes differ or a side is no number."""
    if expected.shape != got.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    apart = np.abs(expected.astype(np.float64) - got)
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    return float(np.nan_to_num(np.where(same, 0.0, apart), nan=np.inf).max())


def refuse(table: list[Agreement], what: str) -> None:
    """A UserError where a cell misses the tolerance."""
    missed = [cell for cell in table if not cell.holds]
    if not missed:
        return
    worst = max(missed, key=lambda cell: cell.difference)
    where = f"{worst.rows} rows" + (f" of {worst.length} positions" if worst.length else "")
    why = worst.problem or f"outputs differ by {worst.difference:.1e}"
    raise UserError(
        f"{what}: the file does not compute what the model does ({len(missed)} of {len(table)} "
        f"checks missed; at {where} {why}); nothing was written"
    )
