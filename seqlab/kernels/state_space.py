"""The state space with one decay a head (Mamba-2; Dao & Gu 2024, arXiv:2405.21060), in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.kernels.backend import running
from seqlab.kernels.cells import array, incoming, needs_saving, ones
from seqlab.kernels.checks import check, check_sequence, lifted
from seqlab.kernels.operator import operator
from seqlab.kernels.threads import each, shares

if TYPE_CHECKING:
    from seqlab.kernels.loops.state_space import Room

CHUNK = 64  # positions; the small matrices of a chunk then fit the second cache level


def state_space(
    mixed: Tensor,
    delta: Tensor,
    log_decay: Tensor,
    skip: Tensor,
    S: Tensor,
    *,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """S_t = e^{log_decay_t} S_{t−1} + B_t (Δ_t x_t)ᵀ, y_t = S_tᵀ C_t + skip x_t, head by head.

    mixed (batch, T, E + 2N) is x, in heads of P = E/H, B and C side by side; all heads share B and
    C. delta and log_decay (batch, T, H; at most 0), skip (H), S (batch, N, H, P). Returns
    y (batch, T, E) and the last S. To skip a padded position give it delta = log_decay = 0.
    """
    mixed, delta, log_decay, skip, S = lifted(mixed, delta, log_decay, skip, S)
    check_sequence("state_space", mixed)
    (batch, T), (_, N, H, P) = mixed.shape[:2], S.shape
    shapes = {"mixed": (mixed, (batch, T, H * P + 2 * N)), "skip": (skip, (H,))}
    numbers = {"delta": (delta, (batch, T, H)), "log_decay": (log_decay, (batch, T, H))}
    check("state_space", mixed, **shapes, **numbers, S=(S, (batch, N, H, P)))
    operands = (mixed, delta, log_decay, skip, S)
    match running("state_space", mixed.device.type, mixed.dtype, backend):
        case "fused":
            y, S, _ = _fused(*operands, needs_saving(*operands))
            return y, S
        case "torch":
            return state_space_in_chunks(*operands)
    return state_space_reference(*operands)


def state_space_reference(
    mixed: Tensor, delta: Tensor, log_decay: Tensor, skip: Tensor, S: Tensor
) -> tuple[Tensor, Tensor]:
    """The twin of `state_space`: one step after another in plain torch."""
    x, B, C = _parts(mixed, S)
    decays, outputs = log_decay.exp(), []
    steps = zip(*(v.unbind(1) for v in (x, delta, decays, B, C)), strict=True)
    for x_t, delta_t, decay, B_t, C_t in steps:
        added = B_t[:, :, None, None] * (delta_t.unsqueeze(-1) * x_t)[:, None]
        S = decay[:, None, :, None] * S + added
        outputs.append(torch.einsum("bnhp,bn->bhp", S, C_t) + skip.unsqueeze(-1) * x_t)
    return torch.stack(outputs, dim=1).flatten(2), S


def state_space_in_chunks(
    mixed: Tensor, delta: Tensor, log_decay: Tensor, skip: Tensor, S: Tensor
) -> tuple[Tensor, Tensor]:
    """The same by products of matrices: within chunks pairs of positions, between them S."""
    T, L = mixed.shape[1], min(CHUNK, mixed.shape[1])
    x, B, C = _parts(mixed, S)
    direct = skip.unsqueeze(-1) * x
    x, log_decay, B, C = (_divided(v, L) for v in (delta.unsqueeze(-1) * x, log_decay, B, C))
    total = log_decay.cumsum(dim=2)  # (batch, chunks, L, H)
    by_head = total.transpose(2, 3)
    later = torch.ones(L, L, dtype=torch.bool, device=x.device).triu(1)
    between = (by_head.unsqueeze(-1) - by_head.unsqueeze(-2)).masked_fill(later, -torch.inf)
    pairs = between.exp() * (C @ B.mT).unsqueeze(2)  # (batch, chunks, H, L, L)
    y = (pairs @ x.transpose(2, 3)).transpose(2, 3)  # (batch, chunks, L, H, P)
    weighted = x * (total[:, :, -1:] - total).exp().unsqueeze(-1)
    added = (B.mT @ weighted.flatten(3)).unbind(1)  # as many (batch, N, E) as chunks
    kept = total[:, :, -1].exp()[:, :, None, :, None].unbind(1)
    starts = []
    for added_c, kept_c in zip(added, kept, strict=True):
        starts.append(S)
        S = torch.addcmul(added_c.view_as(S), kept_c, S)
    before = (C @ torch.stack(starts, dim=1).flatten(3)).view_as(y)
    y = torch.addcmul(y, before, total.exp().unsqueeze(-1)).flatten(1, 2)[:, :T]
    return (y + direct).flatten(2), S


def _parts(mixed: Tensor, S: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """x (batch, T, H, P), B and C (batch, T, N)."""
    _, N, H, P = S.shape
    x, B, C = torch.split(mixed, [H * P, N, N], dim=-1)
    return x.reshape(*x.shape[:2], H, P), B, C


def _divided(v: Tensor, L: int) -> Tensor:
    """(batch, T, …) → (batch, chunks, L, …), the last chunk filled with zeros."""
    v = F.pad(v, (0, 0) * (v.dim() - 2) + (0, -v.shape[1] % L))
    return v.reshape(v.shape[0], -1, L, *v.shape[2:])


def example() -> Tensor:
    """The smallest call that needs all loops."""
    shapes = (1, 1, 3), (1, 1, 1), (1, 1, 1), (1,), (1, 1, 1, 1)
    return state_space(*ones(*shapes), backend="fused")[0]


@operator("state_space")
def _fused(
    mixed: Tensor, delta: Tensor, log_decay: Tensor, skip: Tensor, S: Tensor, save: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """y, the last S, and the states before each chunk (empty unless they are to be saved)."""
    from seqlab.kernels.loops import state_space as loops

    y, _, states = _unwritten(mixed, delta, log_decay, skip, S, save)
    S = S.clone(memory_format=torch.contiguous_format)
    run = loops.StateSpaceOperands(
        *(array(v.contiguous()) for v in (mixed, delta, log_decay, skip))
    )

    def work(first: int, last: int) -> None:
        loops.forward(run, array(S), array(y), array(states), _room(S), first, last)

    each(_shares(y, S), work)
    return y, S, states


@_fused.register_fake
def _unwritten(mixed: Tensor, *others: Any) -> tuple[Tensor, Tensor, Tensor]:
    *_, S, save = others
    batch, T, W = mixed.shape
    chunks = -(-T // CHUNK) if save else 0
    y = mixed.new_empty(batch, T, W - 2 * S.shape[1])
    return y, S.new_empty(S.shape), S.new_empty(batch, chunks, *S.shape[1:])


@operator("state_space_backward")
def _fused_backward(
    dy: Tensor | None,
    dlast: Tensor | None,
    mixed: Tensor,
    delta: Tensor,
    log_decay: Tensor,
    skip: Tensor,
    y: Tensor,
    last: Tensor,
    states: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of mixed, delta, log_decay, skip and the first S, from the last one."""
    from seqlab.kernels.loops.state_space import StateSpaceOperands
    from seqlab.kernels.loops.state_space_backward import Given, StateSpaceGradients, backward

    operands = [v.contiguous() for v in (mixed, delta, log_decay, skip)]
    dmixed, ddelta, dlog_decay = (torch.empty_like(v) for v in operands[:3])
    dS0 = incoming(dlast, last).clone()
    run = StateSpaceOperands(*map(array, operands))
    given = Given(*(array(v) for v in (y, incoming(dy, y), states, last)))

    def work(start: int, stop: int) -> Tensor:
        dskip = torch.zeros_like(skip)
        results = StateSpaceGradients(*map(array, (dmixed, ddelta, dlog_decay, dskip, dS0)))
        backward(run, results, given, _room(last), start, stop)
        return dskip

    dskip = torch.stack(each(_shares(y, last), work)).sum(0)
    return dmixed, ddelta, dlog_decay, dskip, dS0


@_fused_backward.register_fake
def _(dy: None, dlast: None, *tensors: Tensor) -> tuple[Tensor, ...]:
    *operands, _, S, _ = tensors
    return tuple(v.new_empty(v.shape) for v in (*operands, S))


def _room(S: Tensor) -> Room:
    """A thread's memory for one chunk."""
    from seqlab.kernels.loops.state_space import Room

    (_, N, H, P), L = S.shape, CHUNK
    pairs, rows, columns = (L, L), (L, H * P), (H * P, L)
    shapes: list[Any] = [(L, H)] * 3 + [pairs] * 5 + [rows] * 3 + [columns] * 2 + [(N, L)] * 2
    shapes += [(H * P,), (L,), (H,), (3,)]
    return Room(*(array(S.new_zeros(shape)) for shape in shapes))


def _shares(y: Tensor, S: Tensor) -> list[tuple[int, int]]:
    return shares(y.shape[0], 2 * y.numel() * (S.shape[1] + CHUNK // 2))


_fused.differentiate_by(
    _fused_backward, outputs="y last states", gradients="mixed delta log_decay skip S"
)
