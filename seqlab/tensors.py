"""Safetensors from outside: names and shapes are read first, contents only when they are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from seqlab.errors import UserError
from seqlab.outside import regular

REBUILD = "copy the whole folder again, or run the study's command again to rebuild it"


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor in a file, from its header alone."""
    with _opened(path, "np") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def read_tensors(path: Path, framework: str) -> dict[str, Any]:
    """The tensors of a file: "pt" for PyTorch's, "np" for arrays."""
    with _opened(path, framework) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


@contextmanager
def _opened(path: Path, framework: str) -> Iterator[Any]:
    """The library checks sizes and offsets of the header against the file."""
    try:
        regular(path)
        with safe_open(path, framework=framework) as file:
            yield file
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "no such file" if missing else f"damaged ({str(error).partition(chr(10))[0]})"
        raise UserError(f"{path}: {reason}", REBUILD) from None
