"""What the commands show: the inspection, the plan, progress, the leaderboard, the sentence."""

from __future__ import annotations

import json as plain_json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from seqlab.cli import tables
from seqlab.cli.progress import Bar
from seqlab.errors import UserError
from seqlab.runs import from_here
from seqlab.workbench.study import Study

Tables = tuple[str, str | None, str | None]


def compare_and_show(study: Study, data: Tables, *, json: bool, dry_run: bool) -> None:
    """Run a study with its plan, a bar, the leaderboard and the sentence."""
    begun = time.monotonic()
    console = Console(stderr=json)
    if dry_run:
        plan = study.plan(*data)
        if json:
            _print_json(tables.plan_facts(plan))
            return
        tables.show_plan(console, plan, study.task_reason_)
        console.print("\nNothing was trained (--dry-run).")
        return

    from seqlab.study.conduct import Listener

    with Bar(console, silent=json) as bar:

        def planned(plan: Any) -> None:
            bar.metric = plan.metric
            if not json:
                tables.show_plan(console, plan, study.task_reason_)

        study.fit(*data, listener=Listener(planned, bar.moment, begun))
    if json:
        _print_json({**study.verdict_, "folder": str(study.folder_)})
        return
    _show_verdict(console, from_here(study.folder_), study.verdict_)


DEMO = {"seeds": 8, "trials": 4, "params": 60_000, "epochs": 3}


def demonstrate(seconds: float | None, folder: Path | None, *, json: bool) -> None:
    """The main job on `reviews`, or on what needs no download where there is no package index."""
    from seqlab.data.sources import read_table

    data = "reviews"
    try:
        read_table(data)
    except UserError as error:
        data = "characters"
        print(f"{error.message}\nusing {data} instead, which needs no download", file=sys.stderr)
    study = Study(budget={**DEMO, "time": seconds}, folder=folder)
    compare_and_show(study, (data, None, None), json=json, dry_run=False)


def report_and_show(folder: Path, *, json: bool) -> None:
    """Write the report again."""
    if not (folder / "verdict.json").exists():
        raise UserError(
            f"{folder}: holds no finished study (no verdict.json)",
            "run seqlab compare with -o to this folder first",
        )
    study = Study.open(folder)
    path = study.report()
    if json:
        _print_json({"report": str(path), **study.verdict_})
        return
    _show_verdict(Console(), folder, study.verdict_)


def inspect_and_show(
    data: Tables,
    *,
    task: str | None,
    columns: str | None,
    reading: dict[str, Any],
    settings: dict[str, Any],
    seed: int,
    json: bool,
) -> None:
    """The data doctor's findings, then what a comparison would cost."""
    from seqlab.workbench.inspecting import inspect

    found = inspect(*data, task=task, columns=columns, seed=seed, reading=reading, **settings)
    study = Study(task=found.task, columns=columns, data=settings, **reading)
    plan, problem = None, ""
    try:
        plan = study.plan(*data)
    except UserError as error:  # an inspection says what is wrong; it does not stop at it
        problem = error.message
    if json:
        cost = tables.plan_facts(plan) if plan is not None else {"error": problem}
        _print_json({**found.to_dict(), "plan": cost})
        return
    tables.show_inspection(Console(), found, plan, problem)


def predict_and_show(
    model: Path,
    data: str,
    output: Path | None,
    reading: dict[str, Any],
    *,
    device: str,
    force: bool,
    json: bool,
) -> None:
    """Predictions to a file, or to stdout."""
    from seqlab.workbench.predictor import load
    from seqlab.workbench.writing import check_output, write_tables

    if output is not None:
        check_output(output, force)
    frames = load(model, device).predict_pieces(data, **reading)
    if output is not None:
        rows = write_tables(frames, output)
        if json:
            _print_json({"rows": rows, "output": str(output)})
        else:
            print(f"{rows:,} rows written to {output}")
    elif json:
        made = [
            plain_json.loads(frame.to_json(orient="records", date_format="iso")) for frame in frames
        ]
        predictions = [row for rows in made for row in rows]
        _print_json({"rows": len(predictions), "output": None, "predictions": predictions})
    else:
        for number, frame in enumerate(frames):
            frame.to_csv(sys.stdout, index=False, header=number == 0)


def evaluate_and_show(
    model: Path, data: str, reading: dict[str, Any], *, device: str, json: bool
) -> None:
    """Metrics with their intervals."""
    from seqlab.workbench.predictor import load

    found = load(model, device).evaluate(data, **reading)
    if json:
        _print_json(found.to_dict())
        return
    tables.show_evaluation(Console(), found)


def _show_verdict(console: Console, folder: Path, verdict: dict[str, Any]) -> None:
    tables.show_leaderboard(console, folder / "leaderboard.csv")
    tables.show_sentence(console, verdict)
    console.print(f"\nreport: {folder / 'report.html'}", soft_wrap=True, highlight=False)
    if verdict["recommended"] is not None:
        use = f"in use: seqlab predict {folder / 'best'} NEW_DATA -o predicted.csv"
        console.print(use, soft_wrap=True, highlight=False)


def _print_json(value: Any) -> None:
    print(plain_json.dumps(value, indent=1, ensure_ascii=False, default=str))
