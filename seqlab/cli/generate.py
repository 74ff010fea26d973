"""`seqlab generate`: what a language model writes after a prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o
from seqlab.progress import doing


def generate(
    model: Annotated[Path, typer.Argument(help="The best/ folder of a study of language.")],
    prompt: Annotated[
        str | None, typer.Option(help="Text to continue; by default the start of a text.")
    ] = None,
    tokens: Annotated[int, typer.Option(help="Tokens to generate at most.")] = 200,
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature; below 1 more predictable.")
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(help="Sample from the k most probable tokens; 1 is greedy.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Sample from the fewest tokens with this probability.")
    ] = None,
    repetition_penalty: Annotated[
        float, typer.Option(help="Above 1: tokens that occurred become less probable.")
    ] = 1.0,
    seed: o.Seed = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: o.Json = False,
) -> None:
    """Continue a prompt with a trained language model."""
    with doing("starting"):
        from seqlab.cli.writing_on import generate_and_show

    sampling = {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "repetition_penalty": repetition_penalty,
        "seed": seed or 0,
    }
    generate_and_show(model, prompt, tokens, sampling, device=device, json=json)
