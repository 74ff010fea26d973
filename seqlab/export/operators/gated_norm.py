"""The root-mean-square norm of gated outputs, by its parts."""

from __future__ import annotations

from typing import Any

from onnxscript import opset20 as op


def translate(y: Any, z: Any, weight: Any, eps: float) -> Any:
    """As `seqlab.kernels.gated_norm`: w ⊙ u / √(mean(u²) + ε) for u = y ⊙ SiLU(z)."""
    u = op.Mul(y, op.Mul(z, op.Sigmoid(z)))
    square = op.ReduceMean(op.Mul(u, u), [-1], keepdims=1)
    return op.Mul(op.Div(u, op.Sqrt(op.Add(square, eps))), weight)
