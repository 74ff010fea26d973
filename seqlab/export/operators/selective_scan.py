"""Mamba's recurrence inside Scan."""

from __future__ import annotations

from typing import Any

from seqlab.export.operators.recurrent import nothing
from seqlab.export.operators.scan import scan

# A goes round as a state, since a body of its own sees nothing else. The decays e^{Δ A} (B, D, N)
# are made inside: those of all positions at once would take N times the memory of the inputs.
STEP = """
step (float[B,D,N] h, float[D,N] A, float[B,D] u, float[B,D] delta, float[B,N] b, float[B,N] c)
    => (float[B,D,N] next, float[D,N] same, float[B,D] y) {
    last = Constant <value_ints = [-1]> ()
    middle = Constant <value_ints = [1]> ()
    size = Unsqueeze(delta, last)
    exponent = Mul(size, A)
    decay = Exp(exponent)
    kept = Mul(decay, h)
    taken = Mul(delta, u)
    column = Unsqueeze(taken, last)
    row = Unsqueeze(b, middle)
    added = Mul(column, row)
    next = Add(kept, added)
    asked = Unsqueeze(c, last)
    read = MatMul(next, asked)
    y = Squeeze(read, last)
    same = Identity(A)
}
"""


def translate(
    u: Any, delta: Any, A: Any, B: Any, C: Any, h0: Any, save: bool
) -> tuple[Any, Any, Any]:
    """As `seqlab.kernels.selective_scan`: y (B, T, D) and the last h (B, D, N)."""
    h, _, y = scan(STEP, [h0, A], [u, delta, B, C])
    return y, h, nothing()
