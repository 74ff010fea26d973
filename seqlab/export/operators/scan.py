"""A recurrence as ONNX's Scan, whose body is written in the textual form of ONNX.

    step (float[B,D] h, float[B,D] a) => (float[B,D] next, float[B,D] y) { … }

The body takes the states, then one position of each sequence; it returns the next states, then
what stands at this position of each output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
from onnxscript import ir
from torch.onnx._internal.exporter._torchlib.ops.hop import call_op

TIME = 1  # the axis of (B, T, …) along which positions follow each other


def scan(
    body: str,
    states: Sequence[Any],
    sequences: Sequence[Any],
    outputs: int = 1,
    reverse: bool = False,
) -> Sequence[Any]:
    """The states after the last position, then the outputs (B, T, …), of which there are so many.

    `reverse` runs from the last position to the first; outputs stand where they belong.
    """
    graph = ir.serde.deserialize_graph(onnx.parser.parse_graph(body))
    results: Sequence[Any] = call_op(
        "Scan",
        *states,
        *sequences,
        _num_outputs=len(states) + outputs,
        body=graph,
        num_scan_inputs=len(sequences),
        scan_input_axes=[TIME] * len(sequences),
        scan_output_axes=[TIME] * outputs,
        scan_input_directions=[int(reverse)] * len(sequences),
        scan_output_directions=[int(reverse)] * outputs,
    )
    return results
