"""`seqlab translate`: strings in, strings out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def translate(
    model: Annotated[Path, typer.Argument(help="The best/ folder of a study.")],
    text: Annotated[
        str | None,
        typer.Argument(
            help="A string, or a file with one on each line; standard input by default."
        ),
    ] = None,
    beam: Annotated[
        int | None, typer.Option(help="Beam width; 1 is greedy decoding, 5 by default.")
    ] = None,
    length_penalty: Annotated[
        float | None, typer.Option(help="Higher values prefer longer outputs; 0: none.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: o.Json = False,
) -> None:
    """Translate with a trained winner of the task translate."""
    with doing("starting"):
        from seqlab.cli.translating import translate_and_show

    translate_and_show(model, text, beam, length_penalty, device=device, json=json)
