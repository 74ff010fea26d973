"""`seqlab translate`: strings in, strings out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o


def translate(
    model: Annotated[Path, typer.Argument(help="The best/ folder of a study.")],
    text: Annotated[
        str | None,
        typer.Argument(help="A string, or a file with one a line; stdin if it is not said."),
    ] = None,
    beam: Annotated[
        int | None, typer.Option(help="Beginnings that are kept; 1 is greedy, 5 if not said.")
    ] = None,
    length_penalty: Annotated[
        float | None, typer.Option(help="Higher writes longer; 0 compares plain probabilities.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: o.Json = False,
) -> None:
    """Write a string for a string with a trained winner of the task translate."""
    from seqlab.cli.translating import translate_and_show

    translate_and_show(model, text, beam, length_penalty, device=device, json=json)
