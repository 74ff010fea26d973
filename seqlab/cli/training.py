"""What the commands about training show: range tests and gradient flow."""

from __future__ import annotations

import json as plain_json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from seqlab.study.gradient_flow import Flow, diagnosis
from seqlab.workbench.gradients import gradients
from seqlab.workbench.rates import find_rates
from seqlab.workbench.study import Study

Tables = tuple[str, str | None, str | None]


def find_and_show(study: Study, data: Tables, *, steps: int, plot: Path, json: bool) -> None:
    """A row for each candidate: where its loss falls fastest, and where it turns."""
    found = find_rates(study, *data, steps=steps, plot=plot)
    if json:
        _print({name: asdict(test) for name, test in found.items()})
        return
    table = Table("candidate", "try first", "least loss at", "least loss")
    for name, test in found.items():
        lowest = min(range(len(test.losses)), key=test.losses.__getitem__, default=None)
        row = ["–", "–"] if lowest is None else [f"{test.rates[lowest]:.2g}", _loss(test, lowest)]
        first = "the loss never fell" if test.suggestion is None else f"{test.suggestion:.2g}"
        table.add_row(name, first, *row)
    console = Console()
    console.print(table)
    console.print(f"Curves: {plot}", soft_wrap=True)


def _loss(test: Any, lowest: int) -> str:
    return f"{test.losses[lowest]:.4g}"


def gradients_and_show(run: Path, plot: Path, *, json: bool) -> None:
    """Norms at doubling distances, norms by layer, and a sentence for start and end."""
    found, flows = gradients(run, plot)
    pooling = str(found.result["settings"]["model"].get("pooling", ""))
    said = {name: diagnosis(flow, pooling) for name, flow in flows.items()}
    if json:
        _print(
            {
                name: {**asdict(flow), "ratio": flow.ratio, "diagnosis": said[name][0]}
                for name, flow in flows.items()
            }
        )
        return
    console = Console()
    console.print(_distances(flows))
    console.print(_layers(flows))
    for name, (what, advice) in said.items():
        ratio = flows[name].ratio
        console.print(
            f"{name}: {what} (farthest over nearest: {ratio:.2g}); {advice}", soft_wrap=True
        )
    console.print(f"Curves: {plot}", soft_wrap=True)


def _distances(flows: dict[str, Flow]) -> Table:
    table = Table("positions back", *flows, title="‖∂loss/∂h‖")
    length = min(len(flow.norms) for flow in flows.values())
    shown = [0, *(2**n for n in range(length.bit_length()) if 2**n < length)]
    for distance in shown:
        table.add_row(str(distance), *(f"{flow.norms[distance]:.2g}" for flow in flows.values()))
    return table


def _layers(flows: dict[str, Flow]) -> Table:
    table = Table("layer", *flows, title="norm of gradients")
    for layer in flows["start"].layers:
        table.add_row(layer, *(f"{flow.layers.get(layer, 0):.2g}" for flow in flows.values()))
    return table


def _print(value: Any) -> None:
    print(plain_json.dumps(value, indent=1, ensure_ascii=False))
