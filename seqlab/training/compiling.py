"""torch.compile over a whole model, in place: its weights, their names and its class stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn


def compile_model(model: nn.Module) -> None:
    """Compile at the next call; lengths are left open, as batches differ in them."""
    model.compile(dynamic=True)


@contextmanager
def eager(model: nn.Module) -> Iterator[None]:
    """In which the model runs uncompiled: evaluations would be compiled for themselves."""
    inner: Any = model
    kept, inner._compiled_call_impl = inner._compiled_call_impl, None
    try:
        yield
    finally:
        inner._compiled_call_impl = kept


def forget_compilation(model: nn.Module) -> None:
    """Run uncompiled from here on."""
    inner: Any = model
    inner._compiled_call_impl = None
