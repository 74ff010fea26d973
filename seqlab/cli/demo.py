"""`seqlab demo`: the main job on real data, small enough for a first look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o


def demo(
    time: Annotated[str, typer.Option(help="Time for the whole study.")] = "5.5m",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the study.")
    ] = None,
    verbose: o.Verbose = False,
    opened: o.Open = False,
    json: o.Json = False,
) -> None:
    """Compare four families on movie and product reviews."""
    from seqlab.cli.show import Shown, demonstrate

    demonstrate(o.seconds(time), output, Shown(json, verbose, opened))
