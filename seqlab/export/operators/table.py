"""Which ONNX operators stand for which kernel: a function `translate` in each file beside this."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch

Translation = Callable[..., Any]
_BESIDE = ("table", "scan", "recurrent")  # what the translations share


def translations() -> dict[Any, Translation]:
    """torch operator → what writes it in ONNX, for every kernel that has a file here."""
    package = __package__ or ""
    folder = import_module(package).__path__
    names = [module.name for module in pkgutil.iter_modules(folder) if module.name not in _BESIDE]
    table: dict[Any, Translation] = {}
    for name in names:
        import_module(f"seqlab.kernels.{name}")  # which registers the operator with torch
        operator = getattr(torch.ops.seqlab, name).default
        table[operator] = import_module(f"{package}.{name}").translate
    return table
