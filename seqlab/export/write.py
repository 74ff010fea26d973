"""A trained model into a folder that stands by itself: checked first, then written whole."""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqlab import __version__
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.conversion import Converted, convert
from seqlab.export.extra import required
from seqlab.export.forms.choose import form_of
from seqlab.export.forms.form import Form, Port
from seqlab.export.onnx_file import OPSET
from seqlab.export.parity import TOLERANCE
from seqlab.export.readme import code_of, readme
from seqlab.export.usage.choose import answering, reading_of
from seqlab.model.base import Model
from seqlab.runs import unfinished_name, write_json
from seqlab.tasks.base import Task

CARD_FILE = "card.json"  # written last: a folder without it is not whole
EXPORT_FORMAT = 1  # of the folder; raise it when a file changes that older readers would misread
EXAMPLE_ROWS = 4
CARRIED = ("candidate", "task", "metric", "valid", "test", "seed")  # of best.json


@dataclass(frozen=True)
class Source:
    """What is exported: a model with its task, what best.json says, and the study's test part."""

    task: Task
    model: Model
    card: dict[str, Any]
    test: Examples


def export_model(source: Source, output: Path) -> Path:
    """Write the folder; nothing is left of it where anything is refused."""
    check_output(output)
    form = form_of(source.task, source.model)
    read = reading_of(source.task, source.test)
    answer = answering(source.task)
    converted = convert(form, source.test, str(source.card["candidate"]))
    fresh = output.absolute().parent / unfinished_name()
    fresh.mkdir(parents=True)
    try:
        (fresh / "model.onnx").write_bytes(converted.content)
        _write_example(fresh, form, converted, source.test)
        source.task.save(fresh / "task")
        write_json(fresh / "preprocess.json", {**read.facts, **answer.facts})
        card = _card(source, form, converted)
        write_json(fresh / CARD_FILE, card)
        names = [path.name + ("/" if path.is_dir() else "") for path in fresh.iterdir()]
        page = readme(card, code_of(read, answer), (*read.packages, *answer.packages), names)
        (fresh / "README.md").write_text(page, encoding="utf-8")
        if output.exists():
            output.rmdir()
        fresh.rename(output)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return output


def check_output(output: Path) -> None:
    """Refuse a place that holds something."""
    if output.exists() and not output.is_dir():
        raise UserError(f"-o {output}: this is a file, expected a folder")
    if output.exists() and any(output.iterdir()):
        raise UserError(f"-o {output}: the folder is not empty", "give another folder with -o")


def _write_example(folder: Path, form: Form, converted: Converted, test: Examples) -> None:
    tensors = form.arguments(test, EXAMPLE_ROWS, converted.usual_length)
    inputs = {port.name: t.numpy() for port, t in zip(form.inputs, tensors, strict=True)}
    with torch.inference_mode():
        given = form.network(*tensors)
    outputs = [given] if torch.is_tensor(given) else list(given)
    (folder / "example_input.npz").write_bytes(_npz(inputs))
    named = {port.name: t.numpy() for port, t in zip(form.outputs, outputs, strict=True)}
    (folder / "example_output.npz").write_bytes(_npz(named))


def _npz(arrays: dict[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _card(source: Source, form: Form, converted: Converted) -> dict[str, Any]:
    names = ("torch", "onnx", "onnxscript", "onnxruntime", "numpy")
    return {
        "format": EXPORT_FORMAT,
        "kind": "onnx",
        "seqlab_version": __version__,
        **{name: source.card[name] for name in CARRIED if name in source.card},
        "network": "model.onnx",
        "sha256": {"model.onnx": hashlib.sha256(converted.content).hexdigest()},
        "opset": OPSET,
        "inputs": _ports(form.inputs, converted.session.shapes),
        "outputs": _ports(form.outputs, converted.session.shapes),
        "loops": converted.loops,
        "tolerance": TOLERANCE,
        "parity": [cell.plain() for cell in converted.table],
        "versions": {name: str(required(name).__version__) for name in names},
    }


def _ports(ports: tuple[Port, ...], shapes: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": port.name, "shape": shapes[port.name]} for port in ports]
