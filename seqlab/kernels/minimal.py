"""The minimal GRU and LSTM (Feng et al. 2024, arXiv:2410.01201): gates and scan together."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.kernels.backend import running
from seqlab.kernels.cells import array, ones
from seqlab.kernels.checks import check, check_sequence, lifted
from seqlab.kernels.linear_scan import linear_scan_reference
from seqlab.kernels.operator import operator
from seqlab.kernels.threads import each, shares

OPERATIONS = 48  # two or three exponentials and their surroundings, in multiplications


def mingru(gates: Tensor, h0: Tensor, *, backend: str = "auto") -> Tensor:
    """Every h (B, T, D) of h_t = (1 − σ(z_t)) ⊙ h_{t−1} + σ(z_t) ⊙ g(x_t) from h0 (B, D).

    gates (B, T, 2·D) are x and z side by side; g(x) = x + ½ for x ≥ 0, else σ(x).
    """
    return _run("mingru", 2, gates, h0, backend)


def minlstm(gates: Tensor, h0: Tensor, *, backend: str = "auto") -> Tensor:
    """Every h (B, T, D) of h_t = (1 − n_t) ⊙ h_{t−1} + n_t ⊙ g(x_t) from h0 (B, D).

    gates (B, T, 3·D) are x, f and i side by side; n = σ(i) / (σ(f) + σ(i)); g as in `mingru`.
    """
    return _run("minlstm", 3, gates, h0, backend)


def mingru_gates(gates: Tensor) -> tuple[Tensor, Tensor]:
    """The a and b of h_t = a_t ⊙ h_{t−1} + b_t, from x and z (…, 2·D)."""
    x, z = gates.chunk(2, dim=-1)
    z = torch.sigmoid(z)
    return 1 - z, z * positive(x)


def minlstm_gates(gates: Tensor) -> tuple[Tensor, Tensor]:
    """The a and b of h_t = a_t ⊙ h_{t−1} + b_t, from x, f and i (…, 3·D)."""
    x, f, i = gates.chunk(3, dim=-1)
    # i / (f + i) = σ(log i − log f), which does not divide by a sum that may vanish.
    new = torch.sigmoid(F.logsigmoid(i) - F.logsigmoid(f))
    return 1 - new, new * positive(x)


def positive(x: Tensor) -> Tensor:
    """g: positive, increasing, and linear above 0."""
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


def _run(kind: str, parts: int, gates: Tensor, h0: Tensor, backend: str) -> Tensor:
    gates, h0 = lifted(gates, h0)
    check_sequence(kind, gates)
    B, T, _ = gates.shape
    D = h0.shape[-1]
    check(kind, gates, gates=(gates, (B, T, parts * D)), h0=(h0, (B, D)))
    if running("minimal", gates.device.type, gates.dtype, backend) == "fused":
        return _fused(gates, h0)
    a, b = mingru_gates(gates) if parts == 2 else minlstm_gates(gates)
    return linear_scan_reference(a, b, h0)


def example() -> Tensor:
    """The smallest call that needs all loops."""
    return mingru(*ones((1, 1, 2), (1, 1)), backend="fused")


@operator("minimal")
def _fused(gates: Tensor, h0: Tensor) -> Tensor:
    from seqlab.kernels.loops import minimal as loops

    h = _unwritten(gates, h0)
    operands = [array(t.contiguous()) for t in (gates, h0)]
    each(_shares(h), partial(loops.forward, *operands, array(h)))
    return h


@_fused.register_fake
def _unwritten(gates: Tensor, h0: Tensor) -> Tensor:
    return gates.new_empty(*gates.shape[:2], h0.shape[1])


@operator("minimal_backward")
def _fused_backward(dh: Tensor, gates: Tensor, h0: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of gates and h0."""
    from seqlab.kernels.loops import minimal as loops

    operands = [array(t.contiguous()) for t in (gates, h0, h, dh)]
    results = gates.new_empty(gates.shape), h0.new_zeros(h0.shape)
    each(_shares(h), partial(loops.backward, *operands, *map(array, results)))
    return results


@_fused_backward.register_fake
def _(dh: Tensor, gates: Tensor, h0: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    return gates.new_empty(gates.shape), h0.new_empty(h0.shape)


def _shares(h: Tensor) -> list[tuple[int, int]]:
    return shares(h.shape[0], h.numel() * OPERATIONS)


_fused.differentiate_by(_fused_backward, outputs="h", gradients="gates h0")
