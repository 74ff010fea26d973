"""The GRU as ONNX's own; gates r, z, n become z, r, n."""

from __future__ import annotations

from typing import Any

from onnxscript import opset20 as op

from seqlab.export.operators import recurrent as r

ORDER = (1, 0, 2)


def translate(
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    mask: Any | None,
    reverse: bool,
    save: bool,
) -> tuple[Any, Any, Any]:
    """As `seqlab.kernels.gru`."""
    y, last = op.GRU(
        r.time_first(x),
        r.reordered(w_ih, ORDER),
        r.reordered(w_hh, ORDER),
        r.joined_bias(b_ih, b_hh, ORDER),
        r.lengths_of(mask),
        op.Unsqueeze(h0, [0]),
        hidden_size=h0.shape[1],
        linear_before_reset=1,
        direction=r.direction(reverse),
    )
    return (*r.states_in_order(y, last, mask), r.nothing())
