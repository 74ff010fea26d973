"""`seqlab compare`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from seqlab.cli import option_groups as groups
from seqlab.cli import options as o
from seqlab.progress import doing

Candidates = Annotated[
    str | None,
    o.option(
        o.CONTESTANTS,
        "Names or groups of networks (all, recurrent, attention, modern, classic), pre-trained "
        "models (see seqlab models), a checkpoint (./folder) or your own (mine.py:build).",
        default="rnn,lstm,gru,transformer",
        example="--candidates gru,modern",
        metavar="NAMES",
    ),
]
Baselines = Annotated[
    str | None,
    o.option(
        o.CONTESTANTS,
        "Names, or none.",
        default="all that fit the task",
        example="--baselines none",
        metavar="NAMES",
    ),
]
Sizes = Annotated[
    str | None,
    o.option(
        o.BUDGET,
        "Compare again on fewer training examples.",
        default="all",
        example="--sizes 500,2000,all",
        metavar="NUMBERS",
    ),
]
Refit = Annotated[bool, o.option(o.OUTPUT, "Train best/ again on all the data.", "--refit")]
Config = Annotated[
    Path | None,
    o.option(
        o.CONTESTANTS,
        "A TOML file with settings.",
        example="--config study.toml",
        metavar="FILE",
    ),
]


@groups.expanded
def compare(
    data: o.Data,
    *,
    valid: o.Valid = None,
    test: o.Test = None,
    asked: groups.DataOptions,
    candidates: Candidates = None,
    baselines: Baselines = None,
    budget: groups.BudgetOptions,
    sizes: Sizes = None,
    decision: groups.DecisionOptions,
    refit: Refit = False,
    machine: groups.MachineOptions,
    config: Config = None,
    settings: o.Assignments = None,
    dry_run: o.DryRun = False,
    output: o.Output = None,
    verbose: o.Verbose = False,
    opened: o.Open = False,
    json: o.Json = False,
) -> None:
    """Compare sequence models on your data and get a verdict.

    It takes ten minutes at most, spent on what matters most for the answer; --time gives it more
    or less, --time none as much as it needs, and --dry-run shows the plan.
    """
    with doing("starting"):
        from seqlab.cli.show import Shown, compare_and_show
        from seqlab.workbench.study import Study

    given = o.assigned(settings, config)
    base = {k: v for k, v in given.items() if k not in o.SECTIONS}
    declared = base.pop("candidates", None)
    study = Study(
        task=asked.task or base.pop("task", None),
        **o.said(candidates=o.names(candidates, "--candidates") or declared),
        columns=asked.columns,
        **asked.reading(),
        folder=output,
        data=asked.settings(given),
        budget=budget.settings(given),
        settings={
            **base,
            **o.training_settings(given),
            **o.said(
                baselines=() if baselines == "none" else o.names(baselines, "--baselines"),
                sizes=o.sizes(sizes) or None,
                refit=refit or None,
            ),
            **machine.settings(),
            **decision.settings(given),
        },
    )
    compare_and_show(
        study, (data, valid, test), dry_run=dry_run, shown=Shown(json, verbose, opened)
    )
