"""PyTorch's own recurrent layers (cuDNN, oneDNN), one way over a padded batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


def through_torch(
    function: str,
    x: Tensor,
    states: tuple[Tensor, ...],
    weights: tuple[Tensor, ...],
    mask: Tensor | None,
    reverse: bool,
) -> tuple[Tensor, ...]:
    """y (B, T, H) and the last states (B, H) of `torch.gru` and its like.

    Those know no direction: each sequence is turned round, its padding staying on the right.
    """
    if reverse:
        x = _turned(x, mask)
    hidden = [state[None] for state in states]
    if mask is None:
        y, *last = _call(function, (x,), hidden, weights, (True,))
    else:
        y, last = _packed(function, x, hidden, weights, mask)
        held = states[0] if reverse else last[0][0]
        y = torch.where(mask[..., None], y, held[:, None])
    return (_turned(y, mask) if reverse else y), *(state[0] for state in last)


def _call(
    function: str,
    inputs: tuple[Tensor, ...],
    hidden: list[Tensor],
    weights: tuple[Tensor, ...],
    layout: tuple[bool, ...],
) -> tuple[Tensor, ...]:
    start = hidden[0] if len(hidden) == 1 else hidden
    biases, layers, dropout, bidirectional = True, 1, 0.0, False
    options = (biases, layers, dropout, torch.is_grad_enabled(), bidirectional, *layout)
    result: tuple[Tensor, ...] = getattr(torch, function)(*inputs, start, list(weights), *options)
    return result


def _packed(
    function: str, x: Tensor, hidden: list[Tensor], weights: tuple[Tensor, ...], mask: Tensor
) -> tuple[Tensor, list[Tensor]]:
    lengths = mask.sum(1).cpu()
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    assert packed.sorted_indices is not None
    assert packed.unsorted_indices is not None
    hidden = [state.index_select(1, packed.sorted_indices) for state in hidden]
    data, *last = _call(function, (packed.data, packed.batch_sizes), hidden, weights, ())
    again = PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    y, _ = pad_packed_sequence(again, batch_first=True, total_length=x.shape[1])
    return y, [state.index_select(1, packed.unsorted_indices) for state in last]


def _turned(x: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return x.flip(1)
    positions = torch.arange(x.shape[1], device=x.device).expand(x.shape[:2])
    lengths = mask.sum(1, keepdim=True)
    source = torch.where(mask, lengths - 1 - positions, positions)
    return torch.gather(x, 1, source[..., None].expand_as(x))
