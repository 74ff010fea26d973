"""The LSTM as ONNX's own; gates i, f, g, o become i, o, f, g."""

from __future__ import annotations

from typing import Any

from onnxscript import opset20 as op

from seqlab.export.operators import recurrent as r

ORDER = (0, 3, 1, 2)


def translate(
    x: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    mask: Any | None,
    reverse: bool,
    save: bool,
) -> tuple[Any, Any, Any, Any]:
    """As `seqlab.kernels.lstm`."""
    y, h, c = op.LSTM(
        r.time_first(x),
        r.reordered(w_ih, ORDER),
        r.reordered(w_hh, ORDER),
        r.joined_bias(b_ih, b_hh, ORDER),
        r.lengths_of(mask),
        op.Unsqueeze(h0, [0]),
        op.Unsqueeze(c0, [0]),
        hidden_size=h0.shape[1],
        direction=r.direction(reverse),
    )
    return (*r.states_in_order(y, h, mask), op.Squeeze(c, [0]), r.nothing())
