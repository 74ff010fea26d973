"""`seqlab ablate`: what each practice of training is worth, measured like an architecture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import option_groups as groups
from seqlab.cli import options as o
from seqlab.progress import doing


@groups.expanded
def ablate(
    data: o.Data,
    *,
    toggle: Annotated[
        str, typer.Option(help="Practices and settings: clipping,dropout,schedule=cosine|cyclic.")
    ],
    valid: o.Valid = None,
    test: o.Test = None,
    asked: groups.DataOptions,
    candidates: Annotated[str, typer.Option(help="Names or groups.")] = "gru",
    budget: groups.BudgetOptions,
    machine: groups.MachineOptions,
    settings: o.Assignments = None,
    dry_run: o.DryRun = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the study.")] = Path(
        "ablation"
    ),
    verbose: o.Verbose = False,
    json: o.Json = False,
) -> None:
    """Measure what each training practice is worth.

    Trains each candidate with and without it, and compares as seqlab compare does.
    """
    with doing("starting"):
        from seqlab.cli.show import Shown, compare_and_show
        from seqlab.study.practices import variants
        from seqlab.workbench.study import Study

    given = o.assigned(settings)
    study = Study(
        task=asked.task,
        candidates=o.names(candidates, "--candidates") or (),
        columns=asked.columns,
        **asked.reading(),
        budget={"params": 100_000, **budget.settings(given)},
        data=asked.settings(given),
        folder=output,
        settings={
            **o.training_settings(given),
            **machine.settings(),
            "baselines": (),
            "variants": variants(toggle),
        },
    )
    compare_and_show(study, (data, valid, test), dry_run=dry_run, shown=Shown(json, verbose))
