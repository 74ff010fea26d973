"""The vanilla recurrent network as ONNX's own, with any of its activations."""

from __future__ import annotations

from typing import Any

from onnxscript import opset20 as op

from seqlab.export.operators import recurrent as r

ORDER = (0,)
# Name in ONNX, and the slope or scale below 0 as torch has it.
ACTIVATIONS: dict[str, tuple[str, float | None]] = {
    "tanh": ("Tanh", None),
    "relu": ("Relu", None),
    "leaky_relu": ("LeakyRelu", 0.01),
    "elu": ("Elu", 1.0),
}


def translate(
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    mask: Any | None,
    reverse: bool,
    activation: str,
) -> tuple[Any, Any]:
    """As `seqlab.kernels.rnn`."""
    name, alpha = ACTIVATIONS[activation]
    y, last = op.RNN(
        r.time_first(x),
        r.reordered(w_ih, ORDER),
        r.reordered(w_hh, ORDER),
        r.joined_bias(b_ih, b_hh, ORDER),
        r.lengths_of(mask),
        op.Unsqueeze(h0, [0]),
        hidden_size=h0.shape[1],
        activations=[name],
        activation_alpha=None if alpha is None else [alpha],
        direction=r.direction(reverse),
    )
    return r.states_in_order(y, last, mask)
