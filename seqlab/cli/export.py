"""`seqlab export`: the winner as a folder that runs without PyTorch and seqlab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def export(
    model: Annotated[Path, typer.Argument(help="The best/ folder of a study.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A new folder.")],
    step: Annotated[
        bool, typer.Option("--step", help="Also one position at a time, to answer a stream.")
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Also with 8-bit weights, if it predicts as well.")
    ] = False,
    json: o.Json = False,
) -> None:
    """Write a trained winner as ONNX, with what else it takes to use it.

    The file is tried on test rows of every length; one that does not compute what the model does
    is not written.
    """
    with doing("starting"):
        from seqlab.cli.exported import export_and_show

    export_and_show(model, output, step, int8, json)
