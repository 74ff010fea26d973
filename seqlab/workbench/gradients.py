"""Gradient flow of a finished run: at the start of its training, and at the end."""

from __future__ import annotations

from pathlib import Path

import torch

from seqlab.errors import UserError
from seqlab.runs import Run, read_json, read_run
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.best import load_weights
from seqlab.study.gradient_flow import Flow, measure_flow
from seqlab.study.work import build_model, load_prepared
from seqlab.workbench.drawing import write_curves


def gradients(run_folder: Path, plot: Path | None = None) -> tuple[Run, dict[str, Flow]]:
    """The run, and its flow at "start" and "end"; with `plot`, a page with both curves."""
    run = read_run(run_folder)
    if run is None or not (run_folder / "weights.safetensors").exists():
        raise UserError(
            f"{run_folder}: no finished run with weights",
            "expected a folder such as STUDY/runs/gru/verdict-0",
        )
    spec = TrainSpec.read(run.result["settings"]["train"], str(run_folder))
    model_spec = ModelSpec.read(run.result["settings"]["model"], str(run_folder))
    folder = run_folder.resolve().parents[2] / f"prepared/fold{run.job.fold}"
    prepared = load_prepared(read_json(folder / "prepared.json")["task"], folder)
    model = build_model(prepared.task, model_spec, spec.seed).to(spec.device)
    torch.set_num_threads(spec.threads)
    flows = {"start": measure_flow(prepared, model, spec)}
    load_weights(model, run_folder / "weights.safetensors")
    flows["end"] = measure_flow(prepared, model, spec)
    if plot is not None:
        curves = {name: (range(len(f.norms)), f.norms) for name, f in flows.items()}
        labels = ("positions before the last", "‖∂loss/∂h‖")
        write_curves(plot, f"Gradient flow: {run.job.candidate}", labels, curves, "y")
    return run, flows
