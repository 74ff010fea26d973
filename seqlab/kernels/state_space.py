"""The state space with one decay a head (Mamba-2; Dao & Gu 2024, arXiv:2405.21060), in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seqlab.errors import UserError
from seqlab.kernels.backend import running
from seqlab.kernels.cells import array, incoming, needs_saving, ones
from seqlab.kernels.checks import check, lifted
from seqlab.kernels.threads import each, shares

if TYPE_CHECKING:
    from seqlab.kernels.loops.state_space import Room

CHUNK = 64  # positions; the small matrices of a chunk then fit the second cache level


def state_space(
    x: Tensor, log_decay: Tensor, B: Tensor, C: Tensor, S: Tensor, *, backend: str = "auto"
) -> tuple[Tensor, Tensor]:
    """S_t = e^{log_decay_t} S_{t−1} + B_t x_tᵀ and y_t = S_tᵀ C_t, head by head.

    x (batch, T, H, P), log_decay (batch, T, H; at most 0), B and C (batch, T, N), which all heads
    share, S (batch, N, H, P). Returns y (batch, T, H, P) and the last S. To skip a padded position
    give it x = 0 and log_decay = 0.
    """
    x, log_decay, B, C, S = lifted(x, log_decay, B, C, S)
    if x.dim() != 4 or x.shape[1] == 0:
        raise UserError(
            f"state_space: x has the shape {tuple(x.shape)}, expected (sequences, positions, "
            "heads, width) with at least one position"
        )
    (batch, T, H, P), N = x.shape, B.shape[-1]
    shapes = {"log_decay": (log_decay, (batch, T, H)), "S": (S, (batch, N, H, P))}
    check("state_space", x, **shapes, B=(B, (batch, T, N)), C=(C, (batch, T, N)))
    operands = (x, log_decay, B, C, S)
    match running("state_space", x.device.type, x.dtype, backend):
        case "fused":
            y, S, _ = _fused(*operands, needs_saving(*operands))
            return y, S
        case "torch":
            return state_space_in_chunks(*operands)
    return state_space_reference(*operands)


def state_space_reference(
    x: Tensor, log_decay: Tensor, B: Tensor, C: Tensor, S: Tensor
) -> tuple[Tensor, Tensor]:
    """The twin of `state_space`: one step after another in plain torch."""
    decays, outputs = log_decay.exp(), []
    for x_t, decay, B_t, C_t in zip(*(v.unbind(1) for v in (x, decays, B, C)), strict=True):
        S = decay[:, None, :, None] * S + B_t[:, :, None, None] * x_t[:, None]
        outputs.append(torch.einsum("bnhp,bn->bhp", S, C_t))
    return torch.stack(outputs, dim=1), S


def state_space_in_chunks(
    x: Tensor, log_decay: Tensor, B: Tensor, C: Tensor, S: Tensor
) -> tuple[Tensor, Tensor]:
    """The same by products of matrices: within chunks pairs of positions, between them S."""
    (batch, T, H, P), L = x.shape, min(CHUNK, x.shape[1])
    x, log_decay, B, C = (_divided(v, L) for v in (x, log_decay, B, C))
    total = log_decay.cumsum(dim=2)  # (batch, chunks, L, H)
    by_head = total.transpose(2, 3)
    later = torch.ones(L, L, dtype=torch.bool, device=x.device).triu(1)
    between = (by_head.unsqueeze(-1) - by_head.unsqueeze(-2)).masked_fill(later, -torch.inf)
    pairs = between.exp() * (C @ B.mT).unsqueeze(2)  # (batch, chunks, H, L, L)
    y = (pairs @ x.transpose(2, 3)).transpose(2, 3)  # (batch, chunks, L, H, P)
    weighted = x * (total[:, :, -1:] - total).exp().unsqueeze(-1)
    added = (B.mT @ weighted.flatten(3)).unbind(1)  # as many (batch, N, H·P) as chunks
    kept = total[:, :, -1].exp()[:, :, None, :, None].unbind(1)
    starts = []
    for added_c, kept_c in zip(added, kept, strict=True):
        starts.append(S)
        S = torch.addcmul(added_c.view_as(S), kept_c, S)
    before = (C @ torch.stack(starts, dim=1).flatten(3)).view_as(y)
    y = torch.addcmul(y, before, total.exp().unsqueeze(-1))
    return y.reshape(batch, -1, H, P)[:, :T], S


def _divided(v: Tensor, L: int) -> Tensor:
    """(batch, T, …) → (batch, chunks, L, …), the last chunk filled with zeros."""
    v = F.pad(v, (0, 0) * (v.dim() - 2) + (0, -v.shape[1] % L))
    return v.reshape(v.shape[0], -1, L, *v.shape[2:])


def example() -> Tensor:
    """The smallest call that needs all loops."""
    shapes = (1, 1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1, 1)
    return state_space(*ones(*shapes), backend="fused")[0]


@torch.library.custom_op("seqlab::state_space", mutates_args=(), device_types="cpu")
def _fused(
    x: Tensor, log_decay: Tensor, B: Tensor, C: Tensor, S: Tensor, save: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """y, the last S, and the states before each chunk (empty unless they are to be saved)."""
    from seqlab.kernels.loops import state_space as loops

    y, _, states = _unwritten(x, log_decay, B, C, S, save)
    S = S.clone(memory_format=torch.contiguous_format)
    run = loops.Operands(*(array(v.contiguous()) for v in (x, log_decay, B, C)))

    def work(first: int, last: int) -> None:
        loops.forward(run, array(S), array(y), array(states), _room(x, B), first, last)

    each(_shares(x, B), work)
    return y, S, states


@_fused.register_fake
def _unwritten(x: Tensor, *others: Any) -> tuple[Tensor, Tensor, Tensor]:
    *_, S, save = others
    chunks = -(-x.shape[1] // CHUNK) if save else 0
    return x.new_empty(x.shape), S.new_empty(S.shape), S.new_empty(S.shape[0], chunks, *S.shape[1:])


@torch.library.custom_op("seqlab::state_space_backward", mutates_args=(), device_types="cpu")
def _fused_backward(
    dy: Tensor | None,
    dS: Tensor | None,
    x: Tensor,
    log_decay: Tensor,
    B: Tensor,
    C: Tensor,
    y: Tensor,
    S: Tensor,
    states: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of x, log_decay, B, C and the first S; S is the last one."""
    from seqlab.kernels.loops import state_space as loops
    from seqlab.kernels.loops.state_space_backward import Given, Gradients, backward

    operands = [v.contiguous() for v in (x, log_decay, B, C)]
    dx, dlog_decay, dB, dC = (torch.empty_like(v) for v in operands)
    results = (dx, dlog_decay, dB, dC, incoming(dS, S).clone())
    run, gradients = loops.Operands(*map(array, operands)), Gradients(*map(array, results))
    given = Given(*(array(v) for v in (y, incoming(dy, y), states, S)))

    def work(first: int, last: int) -> None:
        backward(run, gradients, given, _room(x, B), first, last)

    each(_shares(x, B), work)
    return results


@_fused_backward.register_fake
def _(dy: None, dS: None, *tensors: Tensor) -> tuple[Tensor, ...]:
    x, log_decay, B, C, _, S, _ = tensors
    return tuple(v.new_empty(v.shape) for v in (x, log_decay, B, C, S))


def _room(x: Tensor, B: Tensor) -> Room:
    """A thread's memory for one chunk."""
    from seqlab.kernels.loops.state_space import Room

    (H, P), N, L = x.shape[2:], B.shape[2], CHUNK
    pairs, rows, columns = (L, L), (L, H * P), (H * P, L)
    shapes: list[Any] = [(L, H)] * 3 + [pairs] * 5 + [rows] * 2 + [columns] * 2 + [(N, L)] * 2
    shapes += [(H * P,), (L,), (H,)]
    return Room(*(array(x.new_zeros(shape)) for shape in shapes))


def _shares(x: Tensor, B: Tensor) -> list[tuple[int, int]]:
    return shares(x.shape[0], 2 * x.numel() * (B.shape[2] + CHUNK // 2))


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    y, S, states = output
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(states)
    ctx.save_for_backward(*inputs[:4], y, S, states)


def _differentiate(
    ctx: Any, dy: Tensor | None, dS: Tensor | None, _: None
) -> tuple[Tensor | None, ...]:
    return *_fused_backward(dy, dS, *ctx.saved_tensors), None


_fused.register_autograd(_differentiate, setup_context=_remember)
