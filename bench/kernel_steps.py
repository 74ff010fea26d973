"""Training steps to measure: of each kernel by itself, and of stacks of cells beside torch.nn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqlab.kernels.gru import gru
from seqlab.kernels.linear_scan import linear_scan
from seqlab.kernels.lstm import lstm
from seqlab.kernels.rnn import rnn
from seqlab.kernels.selective_scan import selective_scan
from seqlab.kernels.slstm import SLSTMState, slstm

Step = Callable[[], object]
CELLS: dict[str, Callable[..., tuple[Tensor, ...]]] = {"RNN": rnn, "GRU": gru, "LSTM": lstm}


@dataclass(frozen=True)
class Stack:
    """Layers of cells in one or both directions over (B, T, H)."""

    cell: str
    shape: tuple[int, int, int]
    layers: int = 1
    directions: int = 1

    def in_torch(self) -> nn.RNNBase:
        """The stack in torch.nn."""
        width = self.shape[2]
        built: nn.RNNBase = getattr(nn, self.cell)(
            width, width, self.layers, batch_first=True, bidirectional=self.directions == 2
        )
        return built

    def in_ours(self, x: Tensor, peer: nn.RNNBase) -> Tensor:
        """The outputs by our kernels, with the weights of the stack in torch.nn."""
        zero = x.new_zeros(x.shape[0], self.shape[2])
        states = (zero, zero) if self.cell == "LSTM" else (zero,)
        weights = iter(peer.all_weights)
        for _ in range(self.layers):
            sides = [
                CELLS[self.cell](x, *states, *next(weights), reverse=reverse)[0]
                for reverse in (False, True)[: self.directions]
            ]
            x = sides[0] if self.directions == 1 else torch.cat(sides, dim=2)
        return x

    def products(self, peer: nn.RNNBase) -> Step:
        """The matrix products of a training step and nothing else."""
        B, T, _ = self.shape
        matrices = [w.detach() for pair in peer.all_weights for w in pair[:2]]
        inputs = {w.shape[1]: torch.randn(B * T, w.shape[1]) for w in matrices}
        gradients = torch.randn(B * T, matrices[0].shape[0])

        def run() -> None:
            for weight in matrices:
                x = inputs[weight.shape[1]]
                torch.mm(x, weight.t())
                torch.mm(gradients, weight)
                torch.mm(gradients.t(), x)

        return run


def training_step(kind: str, shape: tuple[int, int, int], backend: str) -> Step:
    """Forward and backward of one kernel at (B, T, width)."""
    outputs = _call(kind, shape, backend)
    gradient = torch.ones(shape)
    return lambda: torch.autograd.backward(outputs(), gradient)


def _call(kind: str, shape: tuple[int, int, int], backend: str) -> Callable[[], Tensor]:
    B, T, width = shape
    heads, N = 4, 16
    x, h = _numbers(B, T, width), _numbers(B, width)
    if kind in ("rnn", "gru", "lstm"):
        rows = {"rnn": 1, "gru": 3, "lstm": 4}[kind] * width
        weights = _numbers(rows, width), _numbers(rows, width), _numbers(rows), _numbers(rows)
        states = (h, h) if kind == "lstm" else (h,)
        cell = CELLS[kind.upper()]
        return lambda: cell(x, *states, *weights, backend=backend)[0]
    if kind == "slstm":
        gates, empty = _numbers(B, T, 4, width), SLSTMState.empty(h.detach())
        mixing = _numbers(4, heads, width // heads, width // heads)
        return lambda: slstm(gates, empty, mixing, backend=backend)[0]
    if kind == "linear_scan":
        b = _numbers(B, T, width)
        return lambda: linear_scan(x, b, h, backend=backend)
    assert kind == "selective_scan", kind
    delta, A, h = _numbers(B, T, width), -_numbers(width, N), _numbers(B, width, N)
    A = A.detach().requires_grad_()
    B_t, C_t = _numbers(B, T, N), _numbers(B, T, N)
    return lambda: selective_scan(x, delta, A, B_t, C_t, h, backend=backend)[0]


def _numbers(*shape: int) -> Tensor:
    return (torch.rand(*shape) * 0.1).requires_grad_()
