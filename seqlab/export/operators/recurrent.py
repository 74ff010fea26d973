"""What GRU, LSTM and RNN share in ONNX: time first, lengths for masks, gates in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnxscript import ir
from onnxscript import opset20 as op

INT32 = int(ir.DataType.INT32)


def reordered(weight: Any, order: Sequence[int]) -> Any:
    """A weight or bias of gates one above the other, in ONNX's order, with its axis of directions.

    It is constant, and folded before the file is written: what quantises looks at stored weights.
    """
    apart = op.Reshape(weight, [len(order), -1])
    return op.Reshape(op.Gather(apart, list(order), axis=0), [1, *weight.shape])


def joined_bias(b_ih: Any, b_hh: Any, order: Sequence[int]) -> Any:
    """Both biases side by side (1, 2·gates·H)."""
    return op.Concat(reordered(b_ih, order), reordered(b_hh, order), axis=1)


def time_first(x: Any) -> Any:
    """(B, T, D) → (T, B, D)."""
    return op.Transpose(x, perm=[1, 0, 2])


def lengths_of(mask: Any | None) -> Any | None:
    """How many positions of each sequence are real, (B,) int32; None: all."""
    if mask is None:
        return None
    return op.ReduceSum(op.Cast(mask, to=INT32), [1], keepdims=0)


def states_in_order(y: Any, last: Any, mask: Any | None) -> tuple[Any, Any]:
    """Every state (B, T, H) and the last (B, H), of ONNX's Y (T, 1, B, H) and Y_h (1, B, H).

    ONNX writes zeros at padded positions, where ours stays as it was last.
    """
    y, last = op.Transpose(op.Squeeze(y, [1]), perm=[1, 0, 2]), op.Squeeze(last, [0])
    if mask is not None:
        y = op.Where(op.Unsqueeze(mask, [2]), y, op.Unsqueeze(last, [1]))
    return y, last


def direction(reverse: bool) -> str:
    """ONNX's word; its reverse turns each sequence within its own length."""
    return "reverse" if reverse else "forward"


def nothing() -> Any:
    """Stands for what only a backward pass would need."""
    return op.Constant(value_floats=[0.0])
