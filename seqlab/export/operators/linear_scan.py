"""The elementwise linear recurrence: a product and a sum inside Scan."""

from __future__ import annotations

from typing import Any

from seqlab.export.operators.scan import scan

STEP = """
step (float[B,D] h, float[B,D] a, float[B,D] b) => (float[B,D] next, float[B,D] y) {
    kept = Mul(a, h)
    next = Add(kept, b)
    y = Identity(next)
}
"""


def translate(a: Any, b: Any, h0: Any, reverse: bool = False) -> Any:
    """As `seqlab.kernels.linear_scan`: every h (B, T, D)."""
    return scan(STEP, [h0], [a, b], reverse=reverse)[1]
