"""What the commands about training show: range tests and gradient flow."""

from __future__ import annotations

import json as plain_json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from seqlab.study.gradient_advice import Diagnosis
from seqlab.study.gradient_flow import Flow
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
    """Norms at doubling distances, norms by layer, and sentences for start and end."""
    found = gradients(run, plot)
    if json:
        _print({name: _plain(flow, found.diagnoses[name]) for name, flow in found.flows.items()})
        return
    console = Console()
    console.print(_distances(found.flows))
    console.print(_layers(found.flows))
    for name, diagnoses in found.diagnoses.items():
        for diagnosis in diagnoses:
            console.print(f"{name}: {diagnosis.sentence}", soft_wrap=True, markup=False)
    console.print(f"Curves: {plot}", soft_wrap=True)


def _plain(flow: Flow, diagnoses: list[Diagnosis]) -> dict[str, Any]:
    reaches = {
        name: {"norms": reach.norms, "ratio": reach.ratio, "heard": reach.heard}
        for name, reach in flow.reaches.items()
    }
    return {
        "reaches": reaches,
        "layers": flow.layers,
        "last_answer_only": flow.last_answer_only,
        "diagnoses": [asdict(diagnosis) for diagnosis in diagnoses],
    }


def _distances(flows: dict[str, Flow]) -> Table:
    columns = [
        (f"{layer}\n{name}", reach.norms)
        for layer in flows["start"].reaches
        for name, flow in flows.items()
        if (reach := flow.reaches.get(layer)) is not None
    ]
    table = Table("positions back", *(title for title, _ in columns), title="‖∂loss/∂h‖")
    length = max((len(norms) for _, norms in columns), default=0)
    shown = [0, *(2**n for n in range(length.bit_length()) if 2**n < length)]
    for distance in shown:
        cells = [f"{norms[distance]:.2g}" if distance < len(norms) else "–" for _, norms in columns]
        table.add_row(str(distance), *cells)
    return table


def _layers(flows: dict[str, Flow]) -> Table:
    table = Table("layer", *flows, title="norm of gradients")
    for layer in flows["start"].layers:
        table.add_row(layer, *(f"{flow.layers.get(layer, 0):.2g}" for flow in flows.values()))
    return table


def _print(value: Any) -> None:
    print(plain_json.dumps(value, indent=1, ensure_ascii=False))
