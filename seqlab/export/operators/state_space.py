"""Mamba-2's recurrence inside Scan, where the heads of S lie side by side: (B, N, E)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from onnxscript import opset20 as op

from seqlab.export.operators.recurrent import nothing
from seqlab.export.operators.scan import scan

STEP = """
step (float[B,N,E] S, float[B,E] x, float[B,E] decay, float[B,N] b, float[B,N] c)
    => (float[B,N,E] next, float[B,E] y) {
    last = Constant <value_ints = [-1]> ()
    middle = Constant <value_ints = [1]> ()
    factor = Unsqueeze(decay, middle)
    kept = Mul(factor, S)
    row = Unsqueeze(x, middle)
    column = Unsqueeze(b, last)
    added = Mul(column, row)
    next = Add(kept, added)
    asked = Unsqueeze(c, middle)
    read = MatMul(asked, next)
    y = Squeeze(read, middle)
}
"""


def translate(
    mixed: Any, delta: Any, log_decay: Any, skip: Any, S: Any, save: bool
) -> tuple[Any, Any, Any]:
    """As `seqlab.kernels.state_space`: y (B, T, E) and the last S."""
    _, N, H, P = S.shape
    E = H * P
    ends = (0, E, E + N, E + 2 * N)
    x, b, c = (op.Slice(mixed, [i], [j], [-1]) for i, j in pairwise(ends))
    taken = op.Mul(x, _by_head(delta, H, P))
    decay = _by_head(op.Exp(log_decay), H, P)
    start = op.Reshape(S, [0, 0, -1])
    last, y = scan(STEP, [start], [taken, decay, b, c])
    skipped = op.Mul(x, _by_head(op.Unsqueeze(skip, [0, 1]), H, P))
    return op.Add(y, skipped), op.Reshape(last, [0, 0, H, P]), nothing()


def _by_head(x: Any, heads: int, width: int) -> Any:
    """(…, …, H) → (…, …, H·P), each number repeated for its head's channels."""
    wide = op.Expand(op.Unsqueeze(x, [-1]), [1, 1, heads, width])
    return op.Reshape(wide, [0, 0, heads * width])
