"""Tables and sentences for the terminal, and the same facts as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from seqlab.cli.progress import in_words
from seqlab.study.conduct import Plan
from seqlab.study.timing import counted
from seqlab.workbench.evaluating import Evaluation
from seqlab.workbench.inspecting import Inspection

COLOURS = {"error": "red", "warning": "yellow", "info": "green"}
STATUS_COLOURS = {
    "best": "bold green",
    "tied": "green",
    "negligible": "green",
    "undecided": "yellow",
    "worse": "dim",
    "failed": "red",
}


def show_plan(console: Console, plan: Plan, reason: str) -> None:
    """Who competes at which size, the budget, the expected time, what the test set can resolve."""
    allowance, parts = plan.allowance, plan.parts
    console.print(f"[bold]{plan.spec.task}[/bold] ({escape(reason)})", highlight=False)
    for note in plan.notes:
        console.print(f"  {escape(note)}", style="dim", highlight=False)
    in_each = f" in each of {plan.spec.data.folds} folds" if plan.spec.data.folds else ""
    console.print(
        f"  {parts['train']:,} training, {parts['valid']:,} validation, {parts['test']:,} test"
        f" examples{in_each}; primary metric {plan.metric}",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("contestant", "kind", "width", "parameters", "embedding", "ms a step"):
        table.add_column(heading, justify="left" if heading in ("contestant", "kind") else "right")
    for entry in plan.entries:
        pace = plan.paces.get(entry.name)
        model = entry.model
        table.add_row(
            entry.name,
            entry.kind,
            "" if model is None else str(model.width),
            f"{entry.body_parameters:,}" if model else "",
            f"{entry.embedding_parameters:,}" if entry.embedding_parameters else "",
            "" if pace is None else f"{pace.step * 1e3:.1f}",
        )
    console.print(table)
    epochs = f"{counted(allowance.epochs, 'epoch')} at most"
    length = counted(allowance.steps, "step") if allowance.steps else epochs
    console.print(
        f"budget: {plan.spec.budget.params:,} parameters (body and head),"
        f" {counted(allowance.trials, 'trial')} and {counted(allowance.seeds, 'seed')} each,"
        f" {length}; {plan.workers} at a time",
        highlight=False,
    )
    console.print(f"expected time: at most about {in_words(plan.seconds)}", highlight=False)
    for sentence in allowance.left_out:
        console.print(f"left out: {escape(sentence)}", style="yellow", highlight=False)
    if plan.resolution.get("sentence"):
        console.print(escape(str(plan.resolution["sentence"])), highlight=False)
    console.print()


def plan_facts(plan: Plan) -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "task": plan.spec.task,
        "metric": plan.metric,
        "parts": plan.parts,
        "contestants": [
            {
                "candidate": e.name,
                "kind": e.kind,
                "params": e.body_parameters,
                "embedding_params": e.embedding_parameters,
                "width": None if e.model is None else e.model.width,
            }
            for e in plan.entries
        ],
        "trials": plan.allowance.trials,
        "seeds": plan.allowance.seeds,
        "epochs": plan.allowance.epochs,
        "steps": plan.allowance.steps,
        "left_out": list(plan.allowance.left_out),
        "expected_seconds": round(plan.seconds, 1),
        "resolution": plan.resolution,
    }


def show_inspection(console: Console, found: Inspection, plan: Plan | None, problem: str) -> None:
    """Columns, task, findings and what a comparison will cost."""
    console.print(f"[bold]{escape(found.origin)}[/bold]: {found.rows:,} rows", highlight=False)
    for note in found.notes:
        console.print(f"  {escape(note)}", style="dim", highlight=False)
    columns = ", ".join(f"{name} ({kind})" for name, kind in list(found.columns.items())[:20])
    console.print(f"columns: {escape(columns)}", highlight=False)
    console.print(f"task: [bold]{found.task}[/bold] – {escape(found.why)}", highlight=False)
    console.print()
    for finding in found.findings:
        colour = COLOURS[finding.severity]
        head = f"[{colour}]{finding.severity:<8}[/{colour}] {escape(finding.title)}"
        console.print(head, highlight=False)
        for line in (finding.detail, finding.advice and f"→ {finding.advice}"):
            if line:
                console.print(Padding(escape(line), (0, 0, 0, 9)), style="dim", highlight=False)
    console.print()
    if plan is None:
        console.print(f"[red]a comparison cannot run yet:[/red] {escape(problem)}", highlight=False)
        return
    console.print(
        f"a comparison as it stands: {len(plan.entries)} contestants, at most about"
        f" {in_words(plan.seconds)} on this machine",
        highlight=False,
    )
    if plan.resolution.get("sentence"):
        console.print(escape(str(plan.resolution["sentence"])), highlight=False)


def show_leaderboard(console: Console, path: Path) -> None:
    """The leaderboard as a table."""
    frame = pd.read_csv(path)
    if frame.empty:
        return
    table = Table(box=None, pad_edge=False, title=None)
    table.add_column("contestant")
    table.add_column(str(frame["metric"].iloc[0]), justify="right")
    for heading in ("95 % interval", "status", "params", "train s", "ms p50", "MB"):
        justify: Literal["left", "right"] = "left" if heading == "status" else "right"
        table.add_column(heading, justify=justify, no_wrap=True)
    for row in frame.to_dict("records"):
        status = str(row["status"])
        colour = STATUS_COLOURS.get(status, "")
        table.add_row(
            str(row["candidate"]),
            _number(row["mean"], 4),
            f"{_number(row['ci_low'], 4)} … {_number(row['ci_high'], 4)}",
            f"[{colour}]{status}[/{colour}]" if colour else status,
            _number(row["params"], 0),
            _number(row["train_seconds"], 1),
            _number(row["latency_ms_p50"], 2),
            _number(row["peak_memory_mb"], 0),
        )
    console.print(table)


def show_evaluation(console: Console, found: Evaluation) -> None:
    """A trained contestant on new data: a line a metric."""
    blocks = f" in {found.units:,} independent blocks" if found.units != found.examples else ""
    console.print(
        f"[bold]{escape(found.candidate)}[/bold] ({found.task}) on {found.examples:,}"
        f" examples{blocks}",
        highlight=False,
    )
    if found.left_out:
        console.print(
            f"left out: {found.left_out:,} rows that do not say what is wanted",
            style="yellow",
            highlight=False,
        )
    table = Table(box=None, pad_edge=False)
    for heading in ("metric", "value", "95 % interval", "better"):
        table.add_column(heading, justify="right" if heading[0] in "v9" else "left", no_wrap=True)
    for score in found.scores:
        ends = f"{_number(score.low, 4)} … {_number(score.high, 4)}"
        better = "higher" if score.higher_is_better else "lower"
        known = "–" if pd.isna(score.low) else ends
        table.add_row(score.metric, _number(score.value, 4), known, better)
    console.print(table)


def show_sentence(console: Console, verdict: dict[str, Any]) -> None:
    """The answer, and what it rests on."""
    console.print()
    console.print(f"[bold]{escape(verdict['sentence'])}[/bold]", highlight=False)
    for sentence in verdict.get("reasons", ()):
        console.print(f"  · {escape(sentence)}", highlight=False)
    for sentence in verdict.get("left_out", ()):
        console.print(f"  · left out: {escape(sentence)}", style="yellow", highlight=False)


def _number(value: Any, digits: int) -> str:
    return "–" if pd.isna(value) else f"{value:,.{digits}f}"
