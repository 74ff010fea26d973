"""`seqlab gradients`: how far back a run's gradients reach."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def gradients(
    run: Annotated[Path, typer.Argument(help="A run: STUDY/runs/gru/verdict-0, or STUDY/best.")],
    plot: Annotated[Path, typer.Option(help="The page with the curves.")] = Path("gradients.html"),
    json: o.Json = False,
) -> None:
    """Show how far back a run's gradients reach.

    Plots their norm against distance, at the start and the end of training, with a diagnosis.
    """
    with doing("starting"):
        from seqlab.cli.training import gradients_and_show

    gradients_and_show(run, plot, json=json)
