"""The scalar-memory LSTM with exponential gates (xLSTM, Beck et al. 2024, arXiv:2405.04517)."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.errors import UserError
from seqlab.kernels.backend import running
from seqlab.kernels.cells import (
    array,
    batch_shares,
    chunk_rows,
    incoming,
    needs_saving,
    ones,
    operands,
    sum_of,
)
from seqlab.kernels.checks import check, check_mask, lifted
from seqlab.kernels.operator import operator
from seqlab.kernels.threads import each


class SLSTMState(NamedTuple):
    """Cell c, normaliser n, output h and stabiliser m, each (B, H); the true cell is c·exp(m)."""

    c: Tensor
    n: Tensor
    h: Tensor
    m: Tensor

    @classmethod
    def empty(cls, like: Tensor) -> SLSTMState:
        """The state before the first step, in the shape, type and device of `like` (B, H)."""
        zero = torch.zeros_like(like)
        return cls(zero, zero, zero, torch.full_like(like, -torch.inf))


def slstm(
    gates: Tensor,
    state: SLSTMState,
    w_hh: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, SLSTMState]:
    """Run an sLSTM over gates (B, T, 4, H), the inputs' part of i, f, z, o with their biases.

    w_hh (4, heads, H / heads, H / heads; output before input) mixes h within each head only:

    (i, f, z, o) = gates_t + W_hh h, m' = max(log σ(f) + m, i),
    c' = e^{log σ(f) + m − m'} c + e^{i − m'} tanh(z), n' = e^{log σ(f) + m − m'} n + e^{i − m'},
    h' = σ(o) ⊙ c' / n'.

    No gradient flows through m: it cancels in c'/n', and so in everything h' depends on.

    Where mask (B, T; true at real positions, which come first) is false the state stays as it is.
    `reverse` runs from the last position to the first. Returns every h in the order of the
    gates (B, T, H), and the last state reached.
    """
    gates, *parts = lifted(gates, *state)
    _check(gates, parts, w_hh)
    check_mask("slstm", mask, gates.shape[:2])
    if running("slstm", gates.device.type, gates.dtype, backend) == "fused":
        save = needs_saving(gates, *parts, w_hh)
        y, *last, _ = _fused(gates, *parts, w_hh, mask, reverse, save)
        return y, SLSTMState(*last)
    return slstm_reference(gates, SLSTMState(*parts), w_hh, mask=mask, reverse=reverse)


def _check(gates: Tensor, state: list[Tensor], w_hh: Tensor) -> None:
    if gates.dim() != 4 or gates.shape[1] == 0 or gates.shape[2] != 4:
        raise UserError(
            f"slstm: gates have the shape {tuple(gates.shape)}, expected (sequences, positions, "
            "4, width) with at least one position"
        )
    B, _, _, H = gates.shape
    heads = w_hh.shape[1] if w_hh.dim() == 4 else 1
    if H % heads:
        raise UserError(f"slstm: {heads} heads do not divide the width {H}")
    blocks = (4, heads, H // heads, H // heads)
    names = dict(zip("cnhm", state, strict=True))
    check("slstm", gates, w_hh=(w_hh, blocks), **{name: (s, (B, H)) for name, s in names.items()})


def slstm_reference(
    gates: Tensor,
    state: SLSTMState,
    w_hh: Tensor,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, SLSTMState]:
    """The twin of `slstm`: one step after another in plain torch."""
    heads, width = w_hh.shape[1:3]
    inputs, states = gates.unbind(1), [state.h] * gates.shape[1]
    for t in reversed(range(gates.shape[1])) if reverse else range(gates.shape[1]):
        c, n, h, m = state
        mixed = torch.einsum("bhi,ghoi->bgho", h.reshape(-1, heads, width), w_hh)
        i, f, z, o = (inputs[t] + mixed.flatten(2)).unbind(1)  # (B, H) each
        log_f = F.logsigmoid(f)
        new_m = torch.maximum(log_f + m, i).detach()
        forget, admit = torch.exp(log_f + m.detach() - new_m), torch.exp(i - new_m)
        new_c = forget * c + admit * torch.tanh(z)
        new_n = forget * n + admit
        new = SLSTMState(new_c, new_n, torch.sigmoid(o) * new_c / new_n, new_m)
        if mask is not None:
            keep = mask[:, t, None]
            new = SLSTMState(*(torch.where(keep, a, b) for a, b in zip(new, state, strict=True)))
        state = new
        states[t] = state.h
    return torch.stack(states, dim=1), state


def example() -> Tensor:
    """The smallest call that needs all loops."""
    gates, w_hh = ones((1, 1, 4, 1), (4, 1, 1, 1))
    return slstm(gates, SLSTMState.empty(gates.new_zeros(1, 1)), w_hh, backend="fused")[0]


@operator("slstm")
def _fused(
    gates: Tensor,
    c0: Tensor,
    n0: Tensor,
    h0: Tensor,
    m0: Tensor,
    w_hh: Tensor,
    mask: Tensor | None,
    reverse: bool,
    save: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """y, the last c, n, h and m, and what the backward pass needs (empty unless to be saved)."""
    from seqlab.kernels.loops import slstm as loops
    from seqlab.kernels.loops.matrices import TILE_ROWS

    y, *_, h, _, saved = _unwritten(gates, c0, n0, h0, m0, save)
    if mask is not None:
        saved.zero_()  # padded steps write nothing
    c, n, m = (part.clone(memory_format=torch.contiguous_format) for part in (c0, n0, m0))
    weights = w_hh.transpose(2, 3)
    run = operands(gates.flatten(2), h0, y, (weights, weights), mask, reverse)
    state = loops.State(array(c), array(n), array(m))

    def work(first: int, last: int) -> None:
        numbers = array(gates.new_empty(TILE_ROWS, 4 * h0.shape[1]))
        loops.forward(run, state, numbers, array(saved), first, last)

    each(batch_shares(run), work)
    return y, c, n, h.copy_(y[:, 0 if reverse else -1]), m, saved


@_fused.register_fake
def _unwritten(gates: Tensor, *others: Any) -> tuple[Tensor, ...]:
    B, T, _, H = gates.shape
    save = others[-1]
    states = (gates.new_empty(B, H) for _ in range(4))
    return (
        gates.new_empty(B, T, H),
        *states,
        gates.new_empty((B, T, 7, H) if save else (0, 0, 0, 0)),
    )


@operator("slstm_backward")
def _fused_backward(
    dy: Tensor | None,
    dc: Tensor | None,
    dn: Tensor | None,
    dh: Tensor | None,
    gates: Tensor,
    c0: Tensor,
    n0: Tensor,
    h0: Tensor,
    w_hh: Tensor,
    mask: Tensor | None,
    y: Tensor,
    saved: Tensor,
    reverse: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the gates, c0, n0, h0 and the weights."""
    from seqlab.kernels.loops import slstm as loops

    H = h0.shape[1]
    dc0, dn0, dh0 = (incoming(d, s).clone() for d, s in ((dc, c0), (dn, n0), (dh, h0)))
    dgates = gates.new_empty(gates.shape)
    run = operands(gates.flatten(2), h0, y, (w_hh, w_hh), mask, reverse)
    start = [array(part.contiguous()) for part in (c0, n0)]
    rows = chunk_rows(5 * H)

    def work(first: int, last: int) -> Tensor:
        dw_hh = w_hh.new_zeros(w_hh.shape)
        chunk = (gates.new_empty(rows, 4 * H), gates.new_empty(rows, H))
        places = (dgates.flatten(2), dc0, dn0, dh0, dw_hh, *chunk)
        gradients = loops.SlstmGradients(*(array(place) for place in places))
        loops.backward(run, *start, gradients, array(saved), array(incoming(dy, y)), first, last)
        return dw_hh

    dw_hh = sum_of(each(batch_shares(run), work))
    return dgates, dc0, dn0, dh0, dw_hh


@_fused_backward.register_fake
def _(dy: None, dc: None, dn: None, dh: None, *operands: Any) -> tuple[Tensor, ...]:
    return tuple(x.new_empty(x.shape) for x in operands[:5])


_fused.differentiate_by(_fused_backward, outputs="y c n h m saved", gradients="gates c0 n0 h0 w_hh")
