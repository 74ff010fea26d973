"""`seqlab compare`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o


def compare(
    data: o.Data,
    valid: o.Valid = None,
    test: o.Test = None,
    task: o.Task = None,
    columns: o.Columns = None,
    delimiter: o.Delimiter = None,
    encoding: o.Encoding = None,
    split: o.Split = None,
    group: o.Group = None,
    folds: o.Folds = None,
    keep_duplicates: Annotated[
        bool,
        typer.Option(
            "--keep-duplicates",
            help="Keep training rows that are in test too.",
            rich_help_panel=o.DATA,
        ),
    ] = False,
    horizon: o.Horizon = None,
    lookback: o.Lookback = None,
    season: o.Season = None,
    candidates: Annotated[
        str | None,
        typer.Option(
            help="Names or groups (all, recurrent, attention, modern, classic): "
            "rnn,lstm,gru,transformer if not said.",
            rich_help_panel=o.BUDGET,
        ),
    ] = None,
    baselines: Annotated[
        str | None,
        typer.Option(help="Names, or none; all that fit if not said.", rich_help_panel=o.BUDGET),
    ] = None,
    params: Annotated[
        str | None,
        typer.Option(help="Of body and head, for each: 200k.", rich_help_panel=o.BUDGET),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="At most, for each run.", min=1, rich_help_panel=o.BUDGET)
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="For each run; instead of epochs.", min=1, rich_help_panel=o.BUDGET),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="For the whole study: 10m.", rich_help_panel=o.BUDGET)
    ] = None,
    train_seconds: Annotated[
        float | None, typer.Option(help="For each run.", rich_help_panel=o.BUDGET)
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Verdict runs of each; 8.", min=1, rich_help_panel=o.BUDGET)
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="Tuning runs of each; 5.", min=0, rich_help_panel=o.BUDGET)
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            help="Repeat on parts of the training data: 500,2000,all.", rich_help_panel=o.BUDGET
        ),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="The primary metric.", rich_help_panel=o.DECISION)
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="The difference that matters, in the metric's units (a share for errors).",
            min=0,
            rich_help_panel=o.DECISION,
        ),
    ] = None,
    max_latency_ms: Annotated[
        float | None, typer.Option(help="At batch 1, median.", rich_help_panel=o.DECISION)
    ] = None,
    max_memory_mb: Annotated[
        float | None, typer.Option(help="Of the whole process.", rich_help_panel=o.DECISION)
    ] = None,
    max_params: Annotated[
        str | None, typer.Option(help="Of the recommended one.", rich_help_panel=o.DECISION)
    ] = None,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit", help="best/ is trained again on all the data.", rich_help_panel=o.DECISION
        ),
    ] = False,
    backend: Annotated[
        str | None, typer.Option(help="auto, fused, torch or reference; auto if not said.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda; auto if not said.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; one a core.", min=1)] = None,
    seed: o.Seed = None,
    config: Annotated[Path | None, typer.Option(help="Settings as TOML.")] = None,
    settings: o.Assignments = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan and its expected time; train nothing.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder; runs/<data>-<task>.")
    ] = None,
    json: o.Json = False,
) -> None:
    """Compare sequence models on your data and get a verdict."""
    from seqlab.cli.show import compare_and_show
    from seqlab.workbench.study import Study

    given = o.assigned(settings, config)
    base = {k: v for k, v in given.items() if k not in o.SECTIONS}
    declared = base.pop("candidates", None)
    chosen = o.names(candidates, "--candidates") or declared
    study = Study(
        task=task or base.pop("task", None),
        **o.said(candidates=chosen),
        columns=columns,
        delimiter=delimiter,
        encoding=encoding,
        folder=output,
        data={
            **o.data_settings(given),
            **o.said(
                split=split,
                group=group,
                folds=folds,
                horizon=horizon,
                lookback=lookback,
                season=season,
                metric=metric,
                keep_duplicates=keep_duplicates or None,
            ),
        },
        budget={
            **given.get("budget", {}),
            **o.said(
                params=None if params is None else o.count(params, "--params"),
                epochs=epochs,
                steps=steps,
                time=o.seconds(time),
                train_seconds=o.above_zero(train_seconds, "--train-seconds"),
                seeds=seeds,
                trials=trials,
            ),
        },
        settings={
            **base,
            **{name: given[name] for name in ("model", "train") if name in given},
            **o.said(
                baselines=() if baselines == "none" else o.names(baselines, "--baselines"),
                margin=margin,
                sizes=o.sizes(sizes) or None,
                workers=workers,
                refit=refit or None,
                backend=backend,
                device=device,
                seed=seed,
            ),
            "constraints": {
                **given.get("constraints", {}),
                **o.said(
                    max_latency_ms=o.above_zero(max_latency_ms, "--max-latency-ms"),
                    max_memory_mb=o.above_zero(max_memory_mb, "--max-memory-mb"),
                    max_params=None if max_params is None else o.count(max_params, "--max-params"),
                ),
            },
        },
    )
    compare_and_show(study, (data, valid, test), json=json, dry_run=dry_run)
