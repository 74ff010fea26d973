"""`seqlab finetune`: one pre-trained model on your data, and the score it reaches."""

from __future__ import annotations

from typing import Annotated

import typer

from seqlab.cli import option_groups as groups
from seqlab.cli import options as o
from seqlab.progress import doing


@groups.expanded
def finetune(
    data: o.Data,
    *,
    valid: o.Valid = None,
    test: o.Test = None,
    asked: groups.DataOptions,
    model: Annotated[
        str, typer.Option(help="A name (seqlab models), or the folder of a checkpoint.")
    ] = "minilm",
    freeze: Annotated[
        str,
        typer.Option(
            help="What stays as it is: none, embeddings, the lowest K layers, all-but-head; "
            "or lora: all, with small matrices beside it that are trained."
        ),
    ] = "none",
    layer_decay: Annotated[
        float, typer.Option(help="Learning rate of a layer, times that of the one above.")
    ] = 0.9,
    budget: groups.BudgetOptions,
    machine: groups.MachineOptions,
    settings: o.Assignments = None,
    dry_run: o.DryRun = False,
    output: o.Output = None,
    json: o.Json = False,
) -> None:
    """Fine-tune a pre-trained model, and compare it with what needs no training.

    One seed at a learning rate that suits most data, as long as it takes; --trials tries others,
    --seeds says how much chance is in it.
    """
    with doing("starting"):
        from seqlab.cli.show import Shown, compare_and_show
        from seqlab.workbench.study import Study

    given = o.assigned(settings)
    study = Study(
        task=asked.task,
        candidates=(model,),
        columns=asked.columns,
        **asked.reading(),
        folder=output,
        data=asked.settings(given),
        budget={"seeds": 1, "trials": 0, "time": None, **budget.settings(given)},
        settings={
            **o.training_settings(given),
            **machine.settings(),
            "finetune": {
                **given.get("finetune", {}),
                "freeze": freeze,
                "layer_decay": layer_decay,
            },
        },
    )
    compare_and_show(study, (data, valid, test), dry_run=dry_run, shown=Shown(json=json))
