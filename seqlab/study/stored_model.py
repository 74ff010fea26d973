"""A trained model from its settings and its weights file, which must agree before memory is spent.

Settings are believed only so far: the model is laid out first on the meta device, where tensors
have shapes but no storage, and its shapes are held against those in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn

from seqlab.errors import UserError
from seqlab.model.base import Model
from seqlab.model.outline import TooManyPartsError, at_most, outlined
from seqlab.runs import replacing
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.tasks.base import Task
from seqlab.tensors import read_tensors, tensor_shapes

MOST_PARTS_A_TENSOR = 64  # modules and parameters of a model, per tensor that is stored of it
LARGEST_NUMBER = 2**20  # of a setting that a mixer may make tables of
MOST_BUFFER_BYTES = 2**32  # of tables that a model computes and does not store
COPY_WHOLE_FOLDER = "copy the whole best/ folder again, not single files of it"


def save_weights(model: nn.Module, folder: Path) -> None:
    """Weights as safetensors, on the CPU, shared tensors once."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    with replacing(folder / "weights.safetensors") as temporary:
        save_file(tensors, temporary)


def load_model(task: Task, settings: dict[str, Any], path: Path, described: str) -> Model:
    """The task's model of these settings with the weights of a file.

    `described` is what errors call the file that the settings are from.
    """
    spec = ModelSpec.read(settings, described)
    shapes = tensor_shapes(path)
    _refuse_sizes(spec, described)
    with at_most(MOST_PARTS_A_TENSOR * (len(shapes) + 1)):
        outline = _outline(partial(build_model, task, spec), shapes, path, described)
    buffers = sum(buffer.numel() * buffer.element_size() for buffer in outline.buffers())
    if buffers > MOST_BUFFER_BYTES:
        raise UserError(
            f"{described}: the model needs {buffers:,} bytes of tables", COPY_WHOLE_FOLDER
        )
    model = build_model(task, spec)
    fill(model, path)
    return model


def fill(model: nn.Module, path: Path) -> None:
    """Fill a model from safetensors; a damaged or foreign file is refused in one line."""
    try:
        model.load_state_dict(read_tensors(path, "pt"))
    except RuntimeError:
        raise _foreign(path) from None


def _outline(
    build: Callable[[], Model], shapes: dict[str, tuple[int, ...]], path: Path, described: str
) -> Model:
    try:
        with outlined():
            outline = build()
    except TooManyPartsError:
        raise _foreign(path) from None
    except UserError as error:
        raise UserError(f"{described}: {error.message}", error.hint or COPY_WHOLE_FOLDER) from None
    except Exception as error:  # whatever a mixer raises at settings that it would never store
        said = str(error).partition("\n")[0]
        raise UserError(
            f"{described}: no model has these settings ({said})", COPY_WHOLE_FOLDER
        ) from error
    if {name: tuple(tensor.shape) for name, tensor in outline.state_dict().items()} != shapes:
        raise _foreign(path)
    return outline


def _refuse_sizes(spec: ModelSpec, described: str) -> None:
    """Mixers may compute tables outside PyTorch, of which a layout would not be free."""
    numbers = {"width": spec.width, "max_length": spec.max_length, **spec.settings}
    for name, value in numbers.items():
        if isinstance(value, int | float) and abs(value) > LARGEST_NUMBER:
            raise UserError(
                f"{described}: model.{name} = {value}; accepted: at most {LARGEST_NUMBER:,}",
                COPY_WHOLE_FOLDER,
            )


def _foreign(path: Path) -> UserError:
    return UserError(
        f"{path}: these weights belong to another model than best.json describes", COPY_WHOLE_FOLDER
    )
