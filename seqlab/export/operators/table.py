"""Which ONNX operators stand for which kernel: a function `translate` in each file beside this."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

Translation = Callable[..., Any]
_BESIDE = ("table", "scan", "recurrent", "chain")  # what the translations share


def translations() -> dict[Any, Translation]:
    """torch operator → what writes it in ONNX, for every kernel that has a file here."""
    package = __package__ or ""
    folder = import_module(package).__path__
    names = [module.name for module in pkgutil.iter_modules(folder) if module.name not in _BESIDE]
    table: dict[Any, Translation] = {}
    for name in names:
        file = import_module(f"{package}.{name}")  # which has an operator of its own,
        if find_spec(f"seqlab.kernels.{name}") is not None:
            import_module(f"seqlab.kernels.{name}")  # or that of a kernel
        table[getattr(torch.ops.seqlab, name).default] = file.translate
    return table
