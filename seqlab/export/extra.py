"""The packages of the extra `onnx`, or the line that says how to install them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from seqlab.errors import UserError


def required(package: str) -> Any:
    """The package; a UserError where it is not installed."""
    try:
        return import_module(package)
    except ImportError:
        raise UserError(
            f"ONNX files need {package}, which is not installed", 'pip install "seqlab[onnx]"'
        ) from None
