"""The minimal GRU and LSTM: gates of all positions at once, then the elementwise recurrence."""

from __future__ import annotations

from typing import Any

from onnxscript import opset20 as op

from seqlab.export.operators import linear_scan


def translate(gates: Any, h0: Any) -> Any:
    """As `seqlab.kernels.minimal`: every h (B, T, D)."""
    parts = gates.shape[2] // h0.shape[1]
    x, *raw = op.Split(gates, axis=-1, num_outputs=parts)
    new = op.Sigmoid(raw[0] if parts == 2 else _log_ratio(*raw))
    positive = op.Where(op.GreaterOrEqual(x, 0.0), op.Add(x, 0.5), op.Sigmoid(x))
    return linear_scan.translate(op.Sub(1.0, new), op.Mul(new, positive), h0)


def _log_ratio(f: Any, i: Any) -> Any:
    """log σ(i) − log σ(f), where −log σ(u) = softplus(−u)."""
    return op.Sub(op.Softplus(op.Neg(f)), op.Softplus(op.Neg(i)))
