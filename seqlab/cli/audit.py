"""`seqlab audit`: whom a trained contestant fails, and what it must not say."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import option_groups as groups_of_options
from seqlab.cli import options as o
from seqlab.progress import doing

GENERATED = "Generated text"


@dataclass(frozen=True)
class GeneratedOptions:
    """What of generated text is looked at."""

    prompts: Annotated[
        Path | None,
        typer.Option(
            help="A prompt a line: what is written on is audited.", rich_help_panel=GENERATED
        ),
    ] = None
    lexicon: Annotated[
        Path | None, typer.Option(help="A word a line to look for.", rich_help_panel=GENERATED)
    ] = None
    judge: Annotated[
        Path | None,
        typer.Option(
            help="The best/ folder of a text classifier that judges what is written.",
            rich_help_panel=GENERATED,
        ),
    ] = None
    samples: Annotated[
        int, typer.Option(help="Texts for each prompt.", min=1, rich_help_panel=GENERATED)
    ] = 4
    tokens: Annotated[
        int, typer.Option(help="Tokens of each text.", min=1, rich_help_panel=GENERATED)
    ] = 100
    show_words: Annotated[
        bool,
        typer.Option("--show-words", help="Do not mask found words.", rich_help_panel=GENERATED),
    ] = False


@groups_of_options.expanded
def audit(
    model: Annotated[
        Path, typer.Argument(help="A study's folder, its best/ folder, or one of its runs.")
    ],
    *,
    groups: Annotated[
        str | None,
        typer.Option(
            help="Columns divided by commas, or files with the columns group and term: errors of"
            " each group."
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="A file of lines such as he,she: what swapping them changes."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Labelled data to audit on; by default the study's test part."),
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="The class that rates are of; by default the last.")
    ] = None,
    generated: GeneratedOptions,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The page; audit.html by default.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: o.Json = False,
) -> None:
    """Show whom a contestant fails: errors by group, swapped terms, confidence, generated text.

    Differences come with intervals that hold together; groups of few rows are not judged.
    """
    with doing("starting"):
        from seqlab.cli.audits import Generated, audit_and_show

    chosen = o.names(groups, "--groups") or ()
    reading = {"groups": chosen, "pairs": pairs, "data": data, "positive": positive}
    written = Generated(**asdict(generated)) if generated.prompts is not None else None
    audit_and_show(model, reading, written, output, device, json=json)
