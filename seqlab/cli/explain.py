"""`seqlab explain`: what a trained contestant's answers rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def explain(
    model: Annotated[
        Path,
        typer.Argument(help="A study's folder, its best/ folder, or one of its runs."),
    ],
    text: Annotated[
        list[str] | None, typer.Option(help="A text to explain; may be given several times.")
    ] = None,
    rows: Annotated[
        str | None, typer.Option(help="Rows of the study's test part, from 0: 3,17.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="New data to explain, as for predict.")] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help="Names divided by commas: integrated-gradients, gradient-input, occlusion-delete,"
            " occlusion-mask, occlusion-resample, attention, rollout, exact; by default all that"
            " the contestant can have."
        ),
    ] = None,
    answer: Annotated[
        str | None, typer.Option(help="A class to explain, instead of the predicted one.")
    ] = None,
    randomise: Annotated[
        bool,
        typer.Option("--randomise", help="Compare with the same network before training, too."),
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: o.Json = False,
) -> None:
    """Show which words, steps or patches an answer rests on.

    Without a text, rows or data a page is written for every contestant in the winner set of a
    study: what matters, and how far to believe it.
    """
    with doing("starting"):
        from seqlab.cli.explanations import Asked, explain_and_show

    chosen = o.names(methods, "--methods")
    explain_and_show(model, Asked(text, rows, data, chosen, answer, device, randomise), json=json)
