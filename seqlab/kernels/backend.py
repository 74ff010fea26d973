"""Which implementation of a kernel runs: fused loops, PyTorch's own function or the twin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seqlab.errors import UserError, unknown

if TYPE_CHECKING:
    import torch

BACKENDS = ("auto", "fused", "torch", "reference")

# What there is beside the twin, the faster first.
_IMPLEMENTED = {
    "rnn": ("fused", "torch"),  # tanh and relu
    "rnn_tanh": ("fused", "torch"),
    "rnn_relu": ("fused", "torch"),
    "rnn_leaky_relu": ("fused",),
    "rnn_elu": ("fused",),
    "gru": ("fused", "torch"),
    "lstm": ("fused", "torch"),
    "slstm": ("fused",),
    "minimal": ("fused",),  # mingru and minlstm
    "linear_scan": ("fused",),
    "selective_scan": ("fused",),
    "short_convolution": ("fused",),
    "state_space": ("fused", "torch"),
    "gated_norm": ("fused",),
    "dropout": ("fused", "torch"),
}
KINDS = tuple(_IMPLEMENTED)

# Numba's own switch. It is read here because `running` must not import Numba, and once because
# torch.compile traces through `running`.
_COMPILING = os.environ.get("NUMBA_DISABLE_JIT", "").strip() in ("", "0")

_preferred = "auto"


def prefer(backend: str) -> None:
    """Set what `backend="auto"` means from here on, in this process."""
    global _preferred
    _preferred = _known(backend)


@contextmanager
def preferring(backend: str) -> Iterator[None]:
    """Set what `backend="auto"` means in this process while a `with` block runs."""
    before = _preferred
    prefer(backend)
    try:
        yield
    finally:
        prefer(before)


def running(kind: str, device: str, dtype: torch.dtype, backend: str = "auto") -> str:
    """The implementation that a call would run: a field to record with each run.

    `torch` falls back on the twin where PyTorch has no such function, which the answer shows.
    Raises UserError for an unknown kind or backend, and for `fused` where no fused loop can run.
    """
    if kind not in _IMPLEMENTED:
        raise unknown("kernel", kind, KINDS)
    choice = _known(backend)
    if choice == "auto":
        choice = _preferred
    # Meta tensors have the shapes of what a CPU would run.
    fusible = device in ("cpu", "meta") and str(dtype) in ("torch.float32", "torch.float64")
    if choice == "fused" and not _COMPILING:
        raise UserError(
            'backend "fused" needs Numba\'s compiler, which NUMBA_DISABLE_JIT turns off',
            'unset it, or choose "auto", "torch" or "reference"',
        )
    if choice == "fused" and not fusible:
        given = f"{str(dtype).removeprefix('torch.')} on {device}"
        raise UserError(
            f'backend "fused" runs float32 and float64 on cpu, but {kind} was given {given}',
            'choose "auto", "torch" or "reference"',
        )
    for implementation in _IMPLEMENTED[kind]:
        possible = implementation != "fused" or (fusible and _COMPILING)
        if choice in ("auto", implementation) and possible:
            return implementation
    return "reference"


def _known(backend: str) -> str:
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    return backend
