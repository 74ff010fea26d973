"""Tables and sentences for the terminal, and the same facts as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.padding import Padding
from rich.text import Text

from seqlab.cli.progress import in_words
from seqlab.cli.terminal import Terminal, styled
from seqlab.compare.drift import QUARTILES
from seqlab.report.stored import StoredStudy
from seqlab.study.planning import Plan
from seqlab.study.timing import counted
from seqlab.workbench.doctor import Check
from seqlab.workbench.evaluating import Evaluation
from seqlab.workbench.inspecting import Inspection
from seqlab.workbench.monitoring import Monitoring

COLOURS = {"error": "red", "warning": "yellow", "info": "green"}
REASONS = 3  # that are told; all of them with -v and in the report
MOST_COLUMNS = 20  # that are listed
ADVICE = {
    "retrain": "Train again: on the new data it is worse.",
    "label": "Label some new rows: the data have changed.",
    "keep": "Keep it: nothing says that it should be trained again.",
}
STATUS_COLOURS = {
    "best": "bold green",
    "tied": "green",
    "negligible": "green",
    "undecided": "yellow",
    "worse": "dim",
    "failed": "red",
}


def show_inspection(terminal: Terminal, found: Inspection, plan: Plan | None, problem: str) -> None:
    """Columns, task, findings and what a comparison will cost."""
    terminal.say((found.origin, "bold"), f": {found.rows:,} rows")
    for note in found.notes:
        terminal.say(f"  {note}", style="dim")
    columns = [f"{name} ({kind})" for name, kind in found.columns.items()]
    more = f" and {len(columns) - MOST_COLUMNS:,} more" if len(columns) > MOST_COLUMNS else ""
    terminal.say(f"columns: {', '.join(columns[:MOST_COLUMNS])}{more}")
    terminal.say("task: ", (found.task, "bold"), f" – {found.why}")
    terminal.say()
    for finding in found.findings:
        severity = (f"{finding.severity:<8}", COLOURS[finding.severity])
        terminal.say(severity, f" {finding.title}")
        for line in (finding.detail, finding.advice and f"→ {finding.advice}"):
            if line:
                terminal.print(Padding(styled(line, style="dim"), (0, 0, 0, 9)))
    terminal.say()
    if plan is None:
        terminal.say(("a comparison cannot run yet:", "red"), f" {problem}")
        return
    terminal.say(
        f"a comparison as it stands: {len(plan.entries)} contestants, about"
        f" {in_words(plan.seconds)} on this machine"
    )
    if plan.resolution.get("brief"):
        terminal.say(str(plan.resolution["brief"]))


def show_leaderboard(terminal: Terminal, study: StoredStudy) -> None:
    """The leaderboard as a table; baselines by what they are, then by their short names."""
    ranked = [c for c in study.contestants if c.row]
    if not ranked:
        return
    restarts = int(study.comparison.get("restarts") or 1)
    metric = f"{study.metric}, best of {restarts}" if restarts > 1 else study.metric
    rows: list[list[str | Text]] = [
        [
            c.plain_name,
            _number(c.number("mean"), 3),
            f"{_number(c.number('ci_low'), 3)} … {_number(c.number('ci_high'), 3)}",
            styled(c.status, style=STATUS_COLOURS.get(c.status, "")),
            _number(c.number("latency_ms_p50"), 2),
            _number(c.number("train_seconds"), 1),
        ]
        for c in ranked
    ]
    headings = ("contestant", metric, "95 % interval", "status", "ms p50", "train s")
    terminal.table(headings, rows, kinds="wrr rr")


def show_evaluation(terminal: Terminal, found: Evaluation) -> None:
    """A trained contestant on new data: a line a metric."""
    independent = counted(found.units, f"independent {found.unit}")
    blocks = f" in {independent}" if found.units != found.examples else ""
    terminal.say(
        (found.candidate, "bold"), f" ({found.task}) on {found.examples:,} examples{blocks}"
    )
    for note in found.notes:
        terminal.say(note, style="yellow")
    rows = []
    for score in found.scores:
        ends = f"{_number(score.low, 4)} … {_number(score.high, 4)}"
        better = "higher" if score.higher_is_better else "lower"
        known = "–" if pd.isna(score.low) else ends
        rows.append([score.metric, _number(score.value, 4), known, better])
    terminal.table(("metric", "value", "95 % interval", "better"), rows, kinds=" rr ")


def show_monitoring(terminal: Terminal, found: Monitoring) -> None:
    """New data against those of the study: a line a feature, the scores, and what to do."""
    several = len(found.drifts)
    rows = [
        [
            f"{drift.feature} ({drift.unit})",
            _told(drift.before),
            _told(drift.now),
            _number(drift.distance, 2),
            "changed" if drift.drifted(several) else "too few" if drift.few else "as before",
        ]
        for drift in found.drifts
    ]
    terminal.table(("what", "before", "now", "distance", "status"), rows, kinds="   r ")
    if found.now is not None:
        terminal.say()
        show_evaluation(terminal, found.now)
    for note in found.notes:
        terminal.say(note, style="yellow")
    terminal.say()
    terminal.say(ADVICE[found.advice], style="bold")
    for reason in found.reasons:
        terminal.say(f"  · {reason}")


def _told(values: dict[str, float]) -> str:
    """Quartiles, or the three largest shares."""
    if list(values) == list(QUARTILES):
        return " … ".join(f"{value:.3g}" for value in values.values())
    largest = sorted(values.items(), key=lambda pair: -pair[1])[:3]
    return ", ".join(f"{name} {share:.0%}" for name, share in largest) or "–"


def show_headline(terminal: Terminal, verdict: dict[str, Any]) -> None:
    """The answer."""
    headline = verdict.get("headline") or verdict.get("sentence") or "This study has no verdict."
    terminal.say(str(headline), style="bold")
    terminal.say()


def show_reasons(terminal: Terminal, verdict: dict[str, Any], verbose: bool) -> None:
    """What the answer rests on: the first three sentences of it, or all."""
    changes = (verdict.get("declared") or {}).get("changes") or ()
    said = [*(verdict.get("details") or ()), *(verdict.get("families") or ())]
    said += [*(verdict.get("reasons") or ()), *changes]
    terminal.say()
    for sentence in said if verbose else said[:REASONS]:
        terminal.print(Padding(styled(f"· {_capital(sentence)}"), (0, 0, 0, 2)))
    for sentence in verdict.get("left_out") or ():
        terminal.say(f"  {_capital(sentence)}", style="yellow")


def show_checks(terminal: Terminal, checks: Sequence[Check]) -> None:
    """What the doctor found: a line each, and advice beneath."""
    for check in checks:
        colour = {"problem": "red", "note": "yellow"}.get(check.state, "green")
        terminal.say((f"{check.state:<8}", colour), f" {check.name}: {check.found}")
        if check.advice:
            terminal.say(f"         → {check.advice}", style="dim")


def _capital(sentence: str) -> str:
    """A sentence with a capital, unless it begins with a contestant's name."""
    return sentence[:1].upper() + sentence[1:] if sentence[:4] in ("cut ", "such") else sentence


def _number(value: Any, digits: int) -> str:
    return "–" if pd.isna(value) else f"{value:,.{digits}f}"
