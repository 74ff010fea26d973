"""Which implementation of a kernel runs: fused loops, PyTorch's own function or the twin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from seqlab.errors import UserError, unknown

if TYPE_CHECKING:
    import torch

BACKENDS = ("auto", "fused", "torch", "reference")
KINDS = ("rnn", "gru", "lstm", "slstm", "linear_scan", "selective_scan")
_IN_TORCH = frozenset({"rnn", "gru", "lstm"})

_preferred: ContextVar[str] = ContextVar("seqlab_kernel_backend", default="auto")


def prefer(backend: str) -> None:
    """Set what `backend="auto"` means from here on, in this process (and context)."""
    _preferred.set(_known(backend))


@contextmanager
def preferring(backend: str) -> Iterator[None]:
    """Set what `backend="auto"` means inside a `with` block."""
    token = _preferred.set(_known(backend))
    try:
        yield
    finally:
        _preferred.reset(token)


def running(kind: str, device: str, dtype: torch.dtype, backend: str = "auto") -> str:
    """The implementation that a call would run: a field to record with each run.

    `torch` means the twin for a kind that PyTorch has no function for.

    Raises UserError for an unknown backend, and for `fused` where no fused loop exists.
    """
    choice = _known(backend)
    if choice == "auto":
        choice = _preferred.get()
    if choice == "auto":
        choice = "fused" if _fusible(device, dtype) else "torch"
    if choice == "fused" and not _fusible(device, dtype):
        given = f"{str(dtype).removeprefix('torch.')} on {device}"
        raise UserError(
            f'backend "fused" runs float32 and float64 on cpu, but {kind} was given {given}',
            'choose "auto", "torch" or "reference"',
        )
    if choice == "torch" and kind not in _IN_TORCH:
        return "reference"
    return choice


def _fusible(device: str, dtype: torch.dtype) -> bool:
    return device == "cpu" and str(dtype) in ("torch.float32", "torch.float64")


def _known(backend: str) -> str:
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    return backend
