"""`seqlab pipeline`: a trained model on a few texts at once."""

from __future__ import annotations

from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def pipeline(
    model: Annotated[
        str, typer.Argument(help="The best/ folder of a study; or sentiment, which is made once.")
    ],
    texts: Annotated[
        list[str] | None,
        typer.Argument(help="Texts; without any, the lines of standard input."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: o.Json = False,
) -> None:
    """Predict for texts that are given here, or line by line.

    Of two texts for each example, a tab stands between them.
    """
    with doing("starting"):
        from seqlab.cli.texts import predict_texts

    predict_texts(model, texts or None, device, json)
