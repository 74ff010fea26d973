"""The short convolution: a grouped Conv over time, then SiLU."""

from __future__ import annotations

from typing import Any

from onnxscript import opset20 as op


def translate(x: Any, weight: Any, bias: Any) -> Any:
    """As `seqlab.kernels.short_convolution`: (B, K − 1 + T, W) → (B, T, W)."""
    channels = op.Transpose(x, perm=[0, 2, 1])
    taps = op.Unsqueeze(op.Transpose(weight, perm=[1, 0]), [1])  # (W, 1, K)
    y = op.Conv(channels, taps, bias, group=weight.shape[1])
    y = op.Transpose(y, perm=[0, 2, 1])
    return op.Mul(y, op.Sigmoid(y))
