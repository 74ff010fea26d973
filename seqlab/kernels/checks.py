"""What the kernels make sure of before an implementation sees their tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from seqlab.errors import UserError


def lifted(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors as they are, or in float32 where autocast made them shorter.

    A recurrence adds up thousands of roundings: half precision is for the products around it.
    """
    device = tensors[0].device.type
    if not torch.amp.is_autocast_available(device) or not torch.is_autocast_enabled(device):
        return tensors
    short = (torch.bfloat16, torch.float16)
    return tuple(t.float() if t.dtype in short else t for t in tensors)


def check(kernel: str, like: Tensor, **expected: tuple[Tensor, tuple[int, ...]]) -> None:
    """Refuse operands of another shape or type than the first: the loops do not look again."""
    for name, (tensor, shape) in expected.items():
        if tensor.shape != shape:
            raise UserError(
                f"{kernel}: {name} has the shape {tuple(tensor.shape)}, expected {tuple(shape)}"
            )
        if tensor.dtype != like.dtype:
            given, wanted = (str(t.dtype).removeprefix("torch.") for t in (tensor, like))
            raise UserError(f"{kernel}: {name} is {given}, expected {wanted} like the input")


def check_sequence(kernel: str, x: Tensor) -> None:
    """Refuse what is not (sequences, positions, width) with at least one position."""
    if x.dim() != 3 or x.shape[1] == 0:
        raise UserError(
            f"{kernel}: the input has the shape {tuple(x.shape)}, expected (sequences, positions, "
            "width) with at least one position"
        )


def check_mask(kernel: str, mask: Tensor | None, shape: tuple[int, ...]) -> None:
    """Refuse a mask that is not boolean and of the shape (B, T)."""
    if mask is not None and (mask.shape != shape or mask.dtype != torch.bool):
        given = f"{str(mask.dtype).removeprefix('torch.')} of the shape {tuple(mask.shape)}"
        raise UserError(f"{kernel}: mask is {given}, expected bool of the shape {tuple(shape)}")


def check_cell(
    kernel: str, x: Tensor, states: dict[str, Tensor], weights: tuple[Tensor, ...], gates: int
) -> None:
    """Refuse states or weights that do not fit x (B, T, D); the states say what H is."""
    check_sequence(kernel, x)
    B, _, D = x.shape
    H = weights[1].shape[-1]
    expected: dict[str, tuple[Tensor, tuple[int, ...]]]
    expected = {name: (state, (B, H)) for name, state in states.items()}
    shapes = ((gates * H, D), (gates * H, H), (gates * H,), (gates * H,))
    for name, weight, shape in zip(("w_ih", "w_hh", "b_ih", "b_hh"), weights, shapes, strict=True):
        expected[name] = (weight, shape)
    check(kernel, x, **expected)
