"""`seqlab ablate`: what each practice of training is worth, measured like an architecture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o


def ablate(
    data: o.Data,
    toggle: Annotated[
        str, typer.Option(help="Practices and settings: clipping,dropout,schedule=cosine|cyclic.")
    ],
    valid: o.Valid = None,
    test: o.Test = None,
    task: o.Task = None,
    columns: o.Columns = None,
    candidates: Annotated[str, typer.Option(help="Names or groups.")] = "gru",
    params: Annotated[str, typer.Option(help="Parameters of body and head.")] = "100k",
    epochs: Annotated[int | None, typer.Option(help="Of each run.", min=1)] = None,
    time: Annotated[str | None, typer.Option(help="For everything: 10m, 1.5h.")] = None,
    seeds: Annotated[int, typer.Option(help="Runs that are compared.", min=1)] = 8,
    trials: Annotated[int, typer.Option(help="Tuning runs for each.", min=0)] = 5,
    workers: Annotated[int | None, typer.Option(help="Processes.", min=1)] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The study's folder.")
    ] = None,
    settings: o.Assignments = None,
    seed: o.Seed = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan, and train nothing.")] = False,
    json: o.Json = False,
) -> None:
    """Train each candidate with and without practices, and say what they are worth."""
    from seqlab.cli.show import compare_and_show
    from seqlab.study.practices import variants
    from seqlab.workbench.study import Study

    given = o.assigned(settings)
    study = Study(
        task=task,
        candidates=o.names(candidates, "--candidates") or (),
        columns=columns,
        budget=o.said(
            params=o.count(params, "--params"),
            epochs=epochs,
            time=o.seconds(time),
            seeds=seeds,
            trials=trials,
        ),
        data=o.data_settings(given),
        folder=output or Path("ablation"),
        settings={
            **{name: given[name] for name in ("model", "train") if name in given},
            **o.said(seed=seed, workers=workers),
            "baselines": (),
            "variants": variants(toggle),
        },
    )
    compare_and_show(study, (data, valid, test), json=json, dry_run=dry_run)
