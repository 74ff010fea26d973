"""Gradient flow of a finished run: at the start of its training, and at the end."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seqlab.errors import UserError
from seqlab.runs import Run, list_runs, read_json, read_run
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.gradient_advice import Diagnosis, diagnose
from seqlab.study.gradient_flow import Flow, measure_flow
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.reading import as_read
from seqlab.study.stored_model import fill

EXPECTED = "expected a folder such as STUDY/runs/gru/verdict-0, or STUDY/best"


@dataclass(frozen=True)
class RunGradients:
    """A run, its flow at "start" and "end" of training, and what both show."""

    run: Run
    flows: dict[str, Flow]
    diagnoses: dict[str, list[Diagnosis]]


def gradients(folder: Path, plot: Path | None = None) -> RunGradients:
    """How far back a run's gradients reach; with `plot`, a page with the curves.

    Raises UserError for a folder without a finished, trained model and its data.
    """
    run = _run_of(folder)
    spec = TrainSpec.read(run.result["settings"]["train"], str(folder))
    model_spec = ModelSpec.read(run.result["settings"]["model"], str(folder))
    data = run.folder.resolve().parents[2] / f"prepared/fold{run.job.fold}"
    if not (data / "prepared.json").exists():
        raise UserError(f"{data}: the study's data are not there", "run the study's command again")
    prepared = load_prepared(read_json(data / "prepared.json")["task"], data)
    prepared = as_read(prepared, model_spec)
    if not torch.cuda.is_available():  # where it was trained need not be where it is looked at
        spec = spec.with_(device="cpu")
    model = build_model(prepared.task, model_spec, spec.seed).to(spec.device)
    torch.set_num_threads(spec.threads)
    flows = {"start": measure_flow(prepared, model, spec)}
    fill(model, run.folder / "weights.safetensors")
    flows["end"] = measure_flow(prepared, model, spec)
    said = {name: diagnose(flow, model_spec, spec) for name, flow in flows.items()}
    reached = RunGradients(run, flows, said)
    if plot is not None:
        write_page(plot, reached)
    return reached


def _run_of(folder: Path) -> Run:
    """The run in a folder, or the one that `best/` or its study's folder was made from."""
    best = next((p for p in (folder, folder / "best") if (p / "best.json").exists()), None)
    run = read_run(folder) if best is None else _origin(best)
    if best is not None and best != folder and run is not None and run.job.kind != "model":
        run = _best_network(folder) or run
    if run is None:
        raise UserError(f"{folder}: no finished run", EXPECTED)
    if not run.ok:
        raise UserError(f"{folder}: a run that failed: {run.result['reason']}", EXPECTED)
    if run.job.kind != "model":
        name = run.job.candidate
        raise UserError(f"{folder}: {name} is a baseline, which has no gradients", EXPECTED)
    if not (run.folder / "weights.safetensors").exists():
        raise UserError(f"{folder}: a run without weights; tuning trials keep none", EXPECTED)
    return run


def _best_network(study: Path) -> Run | None:
    """A run of the network that stands highest, in a study whose winner is a baseline."""
    import pandas as pd

    board = pd.read_csv(study / "leaderboard.csv")
    for name in board.loc[board["kind"] == "model", "candidate"]:
        for run in list_runs(study):
            job = run.job
            if run.ok and (job.role, job.size, job.candidate) == ("verdict", None, name):
                return run
    return None


def _origin(best: Path) -> Run:
    card = read_json(best / "best.json")
    study = best.resolve().parent
    for run in list_runs(study):
        made = (run.job.role, run.job.size, run.job.candidate, run.result["seed"])
        if made == ("verdict", None, card["candidate"], card["seed"]):
            return run
    raise UserError(f"{best}: the run that it was made from is not in {study}", EXPECTED)


def write_page(path: Path, reached: RunGradients) -> None:
    """The curves of each layer over the distance, and beneath the norm of each layer."""
    from plotly.colors import qualitative
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2,
        cols=1,
        row_heights=[0.68, 0.32],
        vertical_spacing=0.2,
        subplot_titles=("How far back the loss is heard", "Norm of the gradients by layer"),
    )
    colours = qualitative.D3
    for time, flow in reached.flows.items():
        for number, (layer, reach) in enumerate(flow.reaches.items()):
            line = {"color": colours[number % len(colours)], "width": 2}
            figure.add_scatter(
                x=list(range(len(reach.norms))),
                y=[norm or None for norm in reach.norms],  # a logarithm has no place for zero
                name=f"{layer}, {time}",
                mode="lines" if len(reach.norms) > 1 else "markers",
                line=line | {"dash": "dot" if time == "start" else "solid"},
                row=1,
                col=1,
            )
    for time, flow in reached.flows.items():
        symbol = "circle-open" if time == "start" else "circle"
        figure.add_scatter(
            x=list(flow.layers),
            y=[norm or None for norm in flow.layers.values()],
            name=f"layers, {time}",
            mode="markers",
            marker={"size": 11, "color": "#4a4a4a", "symbol": symbol},
            row=2,
            col=1,
        )
    _label(figure, reached)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.write_html(str(path), include_plotlyjs=True)


def _label(figure: Any, reached: RunGradients) -> None:
    """Axes, title, and the diagnoses above."""
    origin = "the last answer" if reached.flows["end"].last_answer_only else "the last position"
    figure.update_xaxes(title=f"positions before {origin}", row=1, col=1)
    figure.update_yaxes(title="‖∂loss/∂h‖", type="log", exponentformat="power", row=1, col=1)
    figure.update_yaxes(title="norm", type="log", exponentformat="power", row=2, col=1)
    said = [
        f"<b>{time}</b> {diagnosis.sentence}"
        for time, diagnoses in reached.diagnoses.items()
        for diagnosis in diagnoses
    ]
    lines = [part for text in said for part in _wrapped(text)]
    job = reached.run.job
    figure.update_layout(
        title={
            "text": f"Gradient flow: {job.candidate}, {job.role} {job.number}",
            "subtitle": {"text": "<br>".join(lines), "font": {"size": 13}},
            "yref": "container",
            "y": 0.98,
            "yanchor": "top",
        },
        template="plotly_white",
        height=720,
        margin={"t": 110 + 18 * len(lines)},
        legend={"groupclick": "toggleitem"},
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100)
