"""`seqlab lr-find`: the learning-rate range test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import option_groups as groups
from seqlab.cli import options as o
from seqlab.progress import doing


@groups.expanded
def lr_find(
    data: o.Data,
    *,
    valid: o.Valid = None,
    test: o.Test = None,
    asked: groups.DataOptions,
    candidates: Annotated[str, typer.Option(help="Names or groups.")] = "rnn,lstm,gru,transformer",
    params: Annotated[
        str, typer.Option(help="Parameters of each candidate, without embeddings.")
    ] = "100k",
    steps: Annotated[int, typer.Option(help="Training steps of the test.", min=10)] = 100,
    plot: Annotated[Path, typer.Option(help="The page with the curves.")] = Path("lr-find.html"),
    settings: o.Assignments = None,
    seed: o.Seed = None,
    json: o.Json = False,
) -> None:
    """Find a learning rate with a range test.

    Raises the rate step by step and suggests the one at which the loss is half way down.
    """
    with doing("starting"):
        from seqlab.cli.training import find_and_show
        from seqlab.workbench.study import Study

    given = o.assigned(settings)
    study = Study(
        task=asked.task,
        candidates=o.names(candidates, "--candidates") or (),
        columns=asked.columns,
        **asked.reading(),
        budget={"params": o.count(params, "--params")},
        data=asked.settings(given),
        settings={**o.training_settings(given), **o.said(seed=seed), "baselines": ()},
    )
    find_and_show(study, (data, valid, test), steps=steps, plot=plot, json=json)
