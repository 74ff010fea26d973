"""`seqlab train`: one model, by as many processes as torchrun has started."""

from __future__ import annotations

from typing import Annotated

import typer

from seqlab.cli import option_groups as groups
from seqlab.cli import options as o
from seqlab.progress import doing


@groups.expanded
def train(
    data: o.Data,
    *,
    valid: o.Valid = None,
    test: o.Test = None,
    asked: groups.DataOptions,
    candidate: Annotated[str, typer.Option(help="The model's name.")] = "gru",
    params: Annotated[str, typer.Option(help="Its parameters, without embeddings: 50M.")] = "1M",
    epochs: Annotated[int | None, typer.Option(help="Most epochs.", min=1)] = None,
    steps: Annotated[
        int | None, typer.Option(help="Training steps, instead of epochs.", min=1)
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda; auto by default.")] = None,
    seed: o.Seed = None,
    settings: o.Assignments = None,
    output: o.Output = None,
    json: o.Json = False,
) -> None:
    """Train one model, however large, and keep it for seqlab predict.

    With several processes each takes a share of every batch: torchrun --nproc-per-node 2 -m seqlab
    train DATA. The same command continues a training that was interrupted.
    """
    with doing("starting"):
        from seqlab.cli.training import train_and_show
        from seqlab.workbench.study import Study

    given = o.assigned(settings)
    study = Study(
        task=asked.task,
        candidates=(candidate,),
        columns=asked.columns,
        **asked.reading(),
        folder=output,
        data=asked.settings(given),
        budget={"params": o.count(params, "--params"), **o.said(epochs=epochs, steps=steps)},
        settings={
            **o.training_settings(given),
            **o.said(device=device, seed=seed),
            "baselines": (),
        },
    )
    train_and_show(study, (data, valid, test), json=json)
