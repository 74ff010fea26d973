"""From a form's network to the bytes of an ONNX file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from seqlab.errors import UserError
from seqlab.export.extra import required
from seqlab.export.forms.form import Port

OPSET = 20  # attention is decomposed up to 22; the operator of 23 is not yet right in every runtime
MOST_BYTES = 2**31 - 1  # of a file without others beside it
_ANY_SIZE = 2**62  # constants are folded whatever their size: what quantises looks at weights


class NotTracedError(Exception):
    """PyTorch or ONNX could not write the network; what they said is the argument."""


def traced(network: nn.Module, arguments: Sequence[Tensor], inputs: Sequence[Port]) -> Any:
    """The network as PyTorch's program, any size allowed along the axes that the ports name."""
    network = network.eval()
    free = tuple(dict.fromkeys(port.axes, torch.export.Dim.DYNAMIC) for port in inputs)
    shapes: Any = free
    if any(p.kind is p.VAR_POSITIONAL for p in signature(network.forward).parameters.values()):
        shapes = (*free[:1], free[1:])  # `forward` takes the others as a tuple
    with _quietly(), torch.no_grad():
        try:
            return torch.export.export(
                network, tuple(arguments), dynamic_shapes=shapes, strict=False
            )
        except UserError:
            raise
        except Exception as error:  # torch raises whatever its passes do
            raise NotTracedError(_first_line(error)) from error


def to_onnx(program: Any, inputs: Sequence[Port], outputs: Sequence[Port]) -> bytes:
    """A traced program as an ONNX file, its kernels as ONNX's own operators."""
    required("onnx")
    required("onnxscript")
    from onnxscript import optimizer

    from seqlab.export.operators.table import translations

    with _quietly(), torch.no_grad():
        try:
            written = torch.onnx.export(
                program,
                custom_translation_table=translations(),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
                optimize=False,
                input_names=[port.name for port in inputs],
                output_names=[port.name for port in outputs],
            )
        except Exception as error:
            raise NotTracedError(_first_line(error)) from error
        assert written is not None
        optimizer.optimize(written.model, input_size_limit=_ANY_SIZE, output_size_limit=_ANY_SIZE)
        proto = written.model_proto
    _name_axes(proto, [*inputs, *outputs])
    _forget_sources(proto)
    content = bytes(proto.SerializeToString())
    if len(content) > MOST_BYTES:
        raise NotTracedError(f"{len(content):,} bytes; a single file holds {MOST_BYTES:,}")
    return content


def _name_axes(proto: Any, ports: Sequence[Port]) -> None:
    """Call axes what they are, where PyTorch has numbered its symbols."""
    by_name = {port.name: port for port in ports}
    for value in (*proto.graph.input, *proto.graph.output):
        shape = value.type.tensor_type.shape
        for axis, name in by_name[value.name].axes.items():
            shape.dim[axis].dim_param = name
    del proto.graph.value_info[:]  # whose symbols would be unknown now


def _forget_sources(proto: Any) -> None:
    """Take out where each node came from: paths of the machine that wrote the file."""
    graphs = [proto.graph]
    while graphs:
        graph = graphs.pop()
        for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
            part.ClearField("doc_string")
            part.ClearField("metadata_props")
        graphs += [a.g for node in graph.node for a in node.attribute if a.HasField("g")]
    for function in proto.functions:
        function.ClearField("metadata_props")
        for node in function.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")
    proto.ClearField("metadata_props")


def _first_line(error: BaseException) -> str:
    """What went wrong first, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error).strip() or type(error).__name__
    return text.partition("\n")[0][:300]


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the libraries say to their own developers."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
