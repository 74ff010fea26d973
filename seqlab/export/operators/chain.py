"""What the operators along a chain of tags share."""

from __future__ import annotations

from typing import Any

from onnxscript import opset20 as op


def real_positions(mask: Any) -> Any:
    """mask (B, T) → (B, T, 1)."""
    return op.Unsqueeze(mask, [2])


def first_position(emissions: Any) -> Any:
    """True at the first of T positions alone, (1, T, 1)."""
    length = op.Squeeze(op.Shape(emissions, start=1, end=2), [0])
    zero, one = op.Constant(value_int=0), op.Constant(value_int=1)
    return op.Unsqueeze(op.Less(op.Range(zero, length, one), one), [0, 2])
