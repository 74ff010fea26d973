"""How the recurrent cells' loops are called: their memory and their threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from seqlab.kernels.threads import each, shares

if TYPE_CHECKING:
    from seqlab.kernels.loops.steps import CellOperands

# Numbers that a thread's chunk of gradients may take: it is to stay in the second cache level.
CHUNK = 65_536


def array(tensor: Tensor) -> Any:
    """The tensor's memory as a NumPy array, which loops may read and write."""
    return tensor.detach().numpy()


def operands(
    x: Tensor,
    h0: Tensor,
    y: Tensor,
    weights: tuple[Tensor, Tensor],
    mask: Tensor | None,
    reverse: bool,
) -> CellOperands:
    """The operands as the loops take them."""
    from seqlab.kernels.loops.steps import CellOperands

    where_real = np.zeros((0, 0), np.bool_) if mask is None else array(mask.contiguous())
    w_ih, w_hh = (array(weight.contiguous()) for weight in weights)
    start, states = array(h0.contiguous()), array(y)
    return CellOperands(array(x.contiguous()), start, states, w_ih, w_hh, where_real, reverse)


def ones(*shapes: tuple[int, ...]) -> list[Tensor]:
    """Tensors of ones that want gradients, for examples."""
    return [torch.ones(shape, requires_grad=True) for shape in shapes]


def needs_saving(*tensors: Tensor) -> bool:
    """Whether a gradient may be asked for."""
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)


def incoming(gradient: Tensor | None, like: Tensor) -> Tensor:
    """The gradient in one block of memory; zeros where nothing depends on the tensor."""
    if gradient is None:
        return torch.zeros_like(like, memory_format=torch.contiguous_format)
    return gradient.contiguous()


def batch_shares(run: CellOperands) -> list[tuple[int, int]]:
    """The ranges of sequences that threads take."""
    from seqlab.kernels.loops.matrices import TILE_ROWS

    B, T, _ = run.x.shape
    return shares(B, B * T * (run.w_ih.size + run.w_hh.size), TILE_ROWS)


def chunk_rows(width: int) -> int:
    """How many rows of this width a chunk of a backward loop has."""
    return max(64, min(256, CHUNK // width))


def sum_of(parts: Sequence[Tensor]) -> Tensor:
    """The sum of the threads' parts, in the first of them."""
    total, *others = parts
    for other in others:
        total += other
    return total


def run_forward(loop: Callable[..., None], run: CellOperands, bias: Tensor, *more: Any) -> None:
    """Call a cell's forward loop with room for a tile's numbers before the gates."""
    from seqlab.kernels.loops.matrices import TILE_ROWS

    def work(first: int, last: int) -> None:
        gates = array(bias.new_empty(TILE_ROWS, bias.numel()))
        loop(run, array(bias), gates, *more, first, last)

    each(batch_shares(run), work)


def run_backward(
    loop: Callable[..., None], run: CellOperands, columns: int, dh: Tensor, dx: Tensor, *more: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """Call a cell's backward loop, which fills dh and dx; returns dw_ih, dw_hh and dbias.

    `columns` is P, how many numbers the cell has before its gates.
    """
    from seqlab.kernels.loops.steps import Results

    D, H = run.x.shape[2], dh.shape[1]
    rows = chunk_rows(columns + D + H)

    def work(first: int, last: int) -> tuple[Tensor, Tensor, Tensor]:
        sums = (
            dh.new_zeros(run.w_ih.shape),
            dh.new_zeros(run.w_hh.shape),
            dh.new_zeros(columns),
        )
        chunk = (dh.new_empty(rows, columns), dh.new_empty(rows, D), dh.new_empty(rows, H))
        results = Results(array(dx), array(dh), *map(array, sums), *map(array, chunk))
        loop(run, results, *more, first, last)
        return sums

    dw_ih, dw_hh, dbias = zip(*each(batch_shares(run), work), strict=True)
    return sum_of(dw_ih), sum_of(dw_hh), sum_of(dbias)
