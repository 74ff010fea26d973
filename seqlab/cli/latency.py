"""`seqlab latency`: what the winner set takes to predict, in every runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def latency(
    study: Annotated[Path, typer.Argument(help="The folder of a finished study.")],
    json: o.Json = False,
) -> None:
    """Time one example in PyTorch, fused kernels, ONNX Runtime and 8 bits, side by side.

    Every network that cannot be told from the best is measured, all in turn, on one thread and on
    all; median and 99th percentile, in milliseconds.
    """
    with doing("starting"):
        from seqlab.cli.latencies import measure_and_show

    measure_and_show(study, json)
