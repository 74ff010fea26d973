"""A network file in use: ONNX Runtime on the CPU, fed with NumPy arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.export.extra import required

Array = NDArray[Any]


class Session:
    """A network of ONNX. `threads`: None for as many as the machine has."""

    def __init__(self, content: bytes, threads: int | None = 1) -> None:
        runtime = required("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors are raised; warnings are about its own graphs
        self._session = runtime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [one.name for one in self._session.get_inputs()]
        self.outputs = [one.name for one in self._session.get_outputs()]
        ends = (*self._session.get_inputs(), *self._session.get_outputs())
        self.shapes = {one.name: _shape(one.type, one.shape) for one in ends}

    def run(self, arguments: Mapping[str, Array]) -> list[Array]:
        """Every output, in order. What a network does not ask for may be there, too."""
        known = {name: arguments[name] for name in self.inputs}
        return [np.asarray(one) for one in self._session.run(None, known)]

    def __call__(self, *arguments: Array, names: Sequence[str]) -> list[Array]:
        """Every output, for arguments in the order of their names."""
        return self.run(dict(zip(names, arguments, strict=True)))


def _shape(kind: str, sizes: Sequence[int | str | None]) -> str:
    """For people: int64 (batch, time)."""
    element = kind.removeprefix("tensor(").removesuffix(")").replace("float", "float32")
    return f"{element} ({', '.join(str(size) for size in sizes)})"
