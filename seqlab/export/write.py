"""A trained model into a folder that stands by itself: checked first, then written whole."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqlab import __version__
from seqlab.compare.contestants import Margin
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.conversion import Converted, convert
from seqlab.export.extra import required
from seqlab.export.forms.choose import form_of
from seqlab.export.forms.form import Form, Port
from seqlab.export.onnx_file import OPSET
from seqlab.export.parity import TOLERANCE
from seqlab.export.quantised import Quantised, quantised
from seqlab.export.readme import readme
from seqlab.export.runtime import Session
from seqlab.export.step.conversion import Step, step_of
from seqlab.export.timing import in_turn
from seqlab.export.usage.choose import answering, reading_of
from seqlab.model.base import Model
from seqlab.runs import unfinished_name, write_json
from seqlab.tasks.base import Task

CARD_FILE = "card.json"  # written last: a folder without it is not whole
NETWORK, SMALL_NETWORK, STEP_NETWORK = "model.onnx", "model.int8.onnx", "step.onnx"
FIRST_STATE = "initial_state.npz"
EXPORT_FORMAT = 1  # of the folder; raise it when a file changes that older readers would misread
EXAMPLE_ROWS = 4
CARRIED = ("candidate", "task", "metric", "valid", "test", "seed")  # of best.json


@dataclass(frozen=True)
class Source:
    """What is exported: a model with its task, what best.json says, and the study's test part.

    margin: the difference in the metric that counts as none; None: the metric's own.
    """

    task: Task
    model: Model
    card: dict[str, Any]
    test: Examples
    margin: Margin | None = None


@dataclass(frozen=True)
class Networks:
    """All networks of a folder, checked."""

    form: Form
    whole: Converted
    step: Step | None
    small: Quantised | None

    @property
    def files(self) -> dict[str, bytes]:
        """Their contents by name; what is not kept is not written."""
        files = {NETWORK: self.whole.content}
        if self.step is not None:
            files[STEP_NETWORK] = self.step.content
        if self.small is not None and self.small.kept:
            files[SMALL_NETWORK] = self.small.content
        return files


def export_model(source: Source, output: Path, *, step: bool = False, int8: bool = False) -> Path:
    """Write the folder; nothing is left of it where anything is refused."""
    check_output(output)
    name, form = str(source.card["candidate"]), form_of(source.task, source.model)
    read, answer = reading_of(source.task, source.test), answering(source.task)
    whole = convert(form, source.test, name)
    networks = Networks(
        form,
        whole,
        step_of(form, source.model, source.test, name) if step else None,
        quantised(form, source.task, whole.content, source.test, source.margin) if int8 else None,
    )
    with _new_folder(output) as folder:
        for file, content in networks.files.items():
            (folder / file).write_bytes(content)
        if networks.step is not None:
            (folder / FIRST_STATE).write_bytes(_npz(networks.step.first))
        _write_example(folder, networks, source.test)
        source.task.save(folder / "task")
        write_json(folder / "preprocess.json", {**read.facts, **answer.facts})
        card = _card(source, networks)
        names = [path.name + ("/" if path.is_dir() else "") for path in folder.iterdir()]
        page = readme(card, read, answer, [*names, CARD_FILE])
        (folder / "README.md").write_text(page, encoding="utf-8")
        write_json(folder / CARD_FILE, card)
    return output


def check_output(output: Path) -> None:
    """Refuse a place that holds something."""
    if output.exists() and not output.is_dir():
        raise UserError(f"-o {output}: this is a file, expected a folder")
    if output.exists() and any(output.iterdir()):
        raise UserError(f"-o {output}: the folder is not empty", "give another folder with -o")


@contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """A folder that takes its place once it is whole."""
    fresh = output.absolute().parent / unfinished_name()
    fresh.mkdir(parents=True)
    try:
        yield fresh
        if output.exists():
            output.rmdir()
        fresh.rename(output)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write_example(folder: Path, networks: Networks, test: Examples) -> None:
    form = networks.form
    tensors = form.arguments(test, EXAMPLE_ROWS, networks.whole.usual_length)
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


def _card(source: Source, networks: Networks) -> dict[str, Any]:
    whole, form, files = networks.whole, networks.form, networks.files
    packages = ("torch", "onnx", "onnxscript", "onnxruntime", "numpy")
    card = {
        "format": EXPORT_FORMAT,
        "kind": "onnx",
        "seqlab_version": __version__,
        **{name: source.card[name] for name in CARRIED if name in source.card},
        "network": SMALL_NETWORK if SMALL_NETWORK in files else NETWORK,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "bytes": {name: len(content) for name, content in files.items()},
        "opset": OPSET,
        "inputs": _ports(form.inputs, whole.session.shapes),
        "outputs": _ports(form.outputs, whole.session.shapes),
        "loops": whole.loops,
        "tolerance": TOLERANCE,
        "parity": [cell.plain() for cell in whole.table],
        "versions": {name: str(required(name).__version__) for name in packages},
    }
    if networks.step is not None:
        card["step"] = networks.step.plain()
    if networks.small is not None:
        card["int8"] = {**networks.small.plain(), **_latencies(source, networks)}
    return card


def _latencies(source: Source, networks: Networks) -> dict[str, Any]:
    """Milliseconds of a usual example on one thread, of both networks in turn."""
    form, small = networks.form, networks.small
    assert small is not None
    tensors = form.arguments(source.test, 1, networks.whole.usual_length)
    arrays, names = [t.numpy() for t in tensors], [port.name for port in form.inputs]

    def once(session: Session) -> Any:
        return lambda: session(*arrays, names=names)

    found = in_turn({"float32": once(networks.whole.session), "int8": once(small.session)})
    return {"latency": {name: one.plain() for name, one in found.items()}}


def _ports(ports: tuple[Port, ...], shapes: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": port.name, "shape": shapes[port.name]} for port in ports]
