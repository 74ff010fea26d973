"""What the commands about training show: one training, range tests and gradient flow."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seqlab.cli.interruption import stop_asked
from seqlab.cli.streams import print_json, shell_line
from seqlab.cli.terminal import Terminal
from seqlab.runs import from_here
from seqlab.study.gradient_advice import Diagnosis
from seqlab.study.gradient_flow import Flow
from seqlab.training.checkpoints import Interrupted
from seqlab.workbench.gradients import gradients
from seqlab.workbench.rates import find_rates
from seqlab.workbench.study import Study
from seqlab.workbench.training import train

Tables = tuple[str, str | None, str | None]


SHOWN_SECONDS = 5.0  # between two lines about a training


def train_and_show(study: Study, data: Tables, *, json: bool) -> None:
    """A line now and then, then the scores and what to do with the model."""
    terminal = Terminal(stderr=json)
    shown = 0.0

    def report(share: float, figures: dict[str, Any]) -> None:
        nonlocal shown
        if time.monotonic() - shown > SHOWN_SECONDS:
            shown = time.monotonic()
            valid = "" if figures["valid"] is None else f"  valid {figures['valid']:.4g}"
            terminal.say(
                f"{share:4.0%}  step {figures['step']:,} of {figures['steps']:,}"
                f"  loss {figures['loss']:.4g}{valid}  {figures['tokens_per_second']:,.0f} tokens/s"
            )

    with stop_asked() as stop:
        try:
            run = train(study, *data, report=report, stop=stop)
        except Interrupted:
            raise KeyboardInterrupt from None
    if run is None:
        return
    result, folder = run.result, run.folder.parents[2]
    if json:
        print_json({**result, "folder": str(folder)})
        return
    scores = ", ".join(f"{name} {value:.4g}" for name, value in result["test"].items())
    terminal.say(
        f"{result['steps']:,} steps in {result['seconds']:,.0f} s; on the test part: {scores}"
    )
    best = shell_line("seqlab", "predict", str(from_here(folder / "best")))
    terminal.say(f"to use it: {best} NEW_DATA -o predicted.csv", whole=True)


def find_and_show(study: Study, data: Tables, *, steps: int, plot: Path, json: bool) -> None:
    """A row for each candidate: where its loss falls fastest, and where it turns."""
    found = find_rates(study, *data, steps=steps, plot=plot)
    if json:
        print_json({name: asdict(test) for name, test in found.items()})
        return
    rows = []
    for name, test in found.items():
        lowest = min(range(len(test.losses)), key=test.losses.__getitem__, default=None)
        row = ["–", "–"] if lowest is None else [f"{test.rates[lowest]:.2g}", _loss(test, lowest)]
        first = "the loss never fell" if test.suggestion is None else f"{test.suggestion:.2g}"
        rows.append([name, first, *row])
    terminal = Terminal()
    terminal.table(("candidate", "try first", "least loss at", "least loss"), rows, kinds=" rrr")
    terminal.say(f"Curves: {plot}", whole=True)


def _loss(test: Any, lowest: int) -> str:
    return f"{test.losses[lowest]:.4g}"


def gradients_and_show(run: Path, plot: Path, *, json: bool) -> None:
    """Norms at doubling distances, norms by layer, and sentences for start and end."""
    found = gradients(run, plot)
    if json:
        print_json(
            {name: _plain(flow, found.diagnoses[name]) for name, flow in found.flows.items()}
        )
        return
    terminal = Terminal()
    _distances(terminal, found.flows)
    _layers(terminal, found.flows)
    for name, diagnoses in found.diagnoses.items():
        for diagnosis in diagnoses:
            terminal.say(f"{name}: {diagnosis.sentence}", whole=True)
    terminal.say(f"Curves: {plot}", whole=True)


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


def _distances(terminal: Terminal, flows: dict[str, Flow]) -> None:
    columns = [
        (f"{layer}\n{name}", reach.norms)
        for layer in flows["start"].reaches
        for name, flow in flows.items()
        if (reach := flow.reaches.get(layer)) is not None
    ]
    length = max((len(norms) for _, norms in columns), default=0)
    shown = [0, *(2**n for n in range(length.bit_length()) if 2**n < length)]
    rows = [
        [str(at), *(f"{norms[at]:.2g}" if at < len(norms) else "–" for _, norms in columns)]
        for at in shown
    ]
    terminal.say("norm of the gradient of the loss with respect to each layer's states:")
    terminal.table(
        ["positions back", *(title for title, _ in columns)], rows, kinds="r" * (1 + len(columns))
    )


def _layers(terminal: Terminal, flows: dict[str, Flow]) -> None:
    rows = [
        [layer, *(f"{flow.layers.get(layer, 0):.2g}" for flow in flows.values())]
        for layer in flows["start"].layers
    ]
    terminal.say("\nnorm of the gradient of each layer's weights:")
    terminal.table(["layer", *flows], rows, kinds=" " + "r" * len(flows))
