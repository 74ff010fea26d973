"""An exported folder read back: its card, its task, and its network, none of which is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.export.extra import required
from seqlab.export.forms.choose import form_of
from seqlab.export.onnx_file import MOST_BYTES
from seqlab.export.runtime import Session
from seqlab.export.step.stepper import Stepper
from seqlab.export.write import CARD_FILE, EXPORT_FORMAT, FIRST_STATE, STEP_NETWORK
from seqlab.outside import DamagedError, read_bytes, read_npz
from seqlab.runs import read_json
from seqlab.shapes import Shape
from seqlab.tasks.base import Predictions, Task

AGAIN = "export it again: seqlab export runs/mine/best -o NEW_FOLDER"
CARD: Shape = {
    "format": int,
    "kind": "onnx",
    "task": str,
    "candidate": str,
    "network": str,
    "sha256": {...: str},
}


@dataclass(frozen=True)
class Exported:
    """A network file in use, with its task."""

    folder: Path
    card: dict[str, Any]
    task: Task
    session: Session

    def predict(self, examples: Examples) -> Predictions:
        """As the model that was exported predicts."""
        return form_of(self.task, None).predict(self.session, examples)


def is_exported(folder: Path) -> bool:
    """Whether a folder says that it was exported."""
    return (folder / CARD_FILE).exists()


def load_exported(folder: Path, threads: int | None = 1) -> Exported:
    """Read an exported folder; one that was changed, or that points outside itself, is refused."""
    path = folder / CARD_FILE
    card = read_json(path, CARD)
    if card["format"] > EXPORT_FORMAT:
        raise UserError(
            f"{path}: made by a newer seqlab (format {card['format']}; this one reads up to "
            f"{EXPORT_FORMAT})",
            "update seqlab: pip install --upgrade seqlab",
        )
    content = network_bytes(folder, card)
    task: Task = registry.load("tasks", card["task"]).load(folder / "task")
    try:
        session = Session(content, threads)
    except UserError:
        raise
    except Exception as error:  # the runtime has no class for what it does not read
        reason = str(error).partition("\n")[0][:200]
        raise UserError(f"{folder / card['network']}: not readable ({reason})", AGAIN) from error
    return Exported(folder, card, task, session)


def load_step(folder: Path, threads: int | None = 1) -> Stepper:
    """The step file of an exported folder, at the beginning of a stream."""
    card = read_json(folder / CARD_FILE, CARD)
    if STEP_NETWORK not in card["sha256"]:
        raise UserError(f"{folder}: has no step.onnx", "export it again with --step")
    content = network_bytes(folder, {**card, "network": STEP_NETWORK})
    try:
        first = read_npz(folder / FIRST_STATE)
    except (ValueError, FileNotFoundError) as error:
        raise UserError(f"{folder / FIRST_STATE}: missing or damaged ({error})", AGAIN) from None
    return Stepper(Session(content, threads), first)


def network_bytes(folder: Path, card: dict[str, Any]) -> bytes:
    """The network's file, if it is the one that the card names and holds all that it needs."""
    name = card["network"]
    if Path(name).name != name or name not in card["sha256"]:
        raise UserError(
            f'{folder / CARD_FILE}: network = "{name}" is no file of this folder', AGAIN
        )
    path = folder / name
    if path.is_symlink():
        raise DamagedError(path, "a link; accepted: a file of this folder")
    try:
        content = read_bytes(path, MOST_BYTES)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", AGAIN) from None
    if hashlib.sha256(content).hexdigest() != card["sha256"][name]:
        raise UserError(f"{path}: not the file that was exported (its checksum differs)", AGAIN)
    _refuse_references(content, path)
    return content


def _refuse_references(content: bytes, path: Path) -> None:
    """Refuse weights that lie in other files, whose paths could lead anywhere."""
    onnx = required("onnx")
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own classes differ between its versions
        raise UserError(f"{path}: not an ONNX file", AGAIN) from error
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise UserError(
                f'{path}: "{tensor.name}" lies in another file; accepted: all in one file', AGAIN
            )


def _tensors(model: Any) -> Iterator[Any]:
    """Every stored tensor, those within loops and functions included."""
    nodes = [node for function in model.functions for node in function.node]
    graphs = [model.graph]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield from (sparse.values, sparse.indices)
            nodes += graph.node
            continue
        for attribute in nodes.pop().attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            graphs += [attribute.g] if attribute.HasField("g") else []
            graphs += attribute.graphs
