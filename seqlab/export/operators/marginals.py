"""p(y_t = j | x) as an operator of PyTorch, and as two Scans: forwards, and backwards.

α_t = log Σ_i exp(α_{t−1}[i] + step[i, ·]) + e_t,   β_{t−1} = log Σ_j exp(step[·, j] + e_t + β_t)
"""

from __future__ import annotations

from typing import Any

import torch
from onnxscript import opset20 as op
from torch import Tensor

from seqlab.export.operators.chain import first_position, real_positions
from seqlab.export.operators.scan import scan
from seqlab.tasks.targets.tag_head import Transitions, marginals

FORWARDS = """
forwards (float[B,C] alpha, float[C,C] following, float[1,C] start,
          float[B,C] emitted, bool[B,1] real, bool[one,1] first)
    => (float[B,C] next, float[C,C] following_same, float[1,C] start_same, float[B,C] here) {
    axis = Constant <value_ints = [1]> ()
    top = ReduceMax <keepdims = 1> (alpha, axis)
    low = Sub(alpha, top)
    shares = Exp(low)
    reached = MatMul(shares, following)
    logs = Log(reached)
    high = Add(logs, top)
    begun = Where(first, start, high)
    moved = Add(begun, emitted)
    next = Where(real, moved, alpha)
    here = Identity(next)
    following_same = Identity(following)
    start_same = Identity(start)
}
"""
BACKWARDS = """
backwards (float[B,C] beta, float[C,C] preceding, float[B,C] emitted, bool[B,1] real)
    => (float[B,C] next, float[C,C] preceding_same, float[B,C] here) {
    here = Identity(beta)
    axis = Constant <value_ints = [1]> ()
    ahead = Add(beta, emitted)
    top = ReduceMax <keepdims = 1> (ahead, axis)
    low = Sub(ahead, top)
    shares = Exp(low)
    reached = MatMul(shares, preceding)
    logs = Log(reached)
    moved = Add(logs, top)
    next = Where(real, moved, beta)
    preceding_same = Identity(preceding)
}
"""


@torch.library.custom_op("seqlab::marginals", mutates_args=())
def _marginals(emissions: Tensor, mask: Tensor, step: Tensor, start: Tensor, end: Tensor) -> Tensor:
    return marginals(emissions, mask, Transitions(step, start, end))


@_marginals.register_fake
def _(emissions: Tensor, *_: Tensor) -> Tensor:
    return torch.empty_like(emissions)


def traced_marginals(emissions: Tensor, mask: Tensor, steps: Transitions) -> Tensor:
    """As `marginals`, in one node however long the sequences are."""
    probabilities: Tensor = _marginals(emissions, mask, *steps)
    return probabilities


def translate(emissions: Any, mask: Any, step: Any, start: Any, end: Any) -> Any:
    """Probabilities (B, T, C)."""
    nothing = op.Mul(op.Squeeze(op.Slice(emissions, [0], [1], [1]), [1]), 0.0)  # (B, C)
    following, real = op.Exp(step), real_positions(mask)
    sequences = [emissions, real, first_position(emissions)]
    *_, alphas = scan(FORWARDS, [nothing, following, op.Unsqueeze(start, [0])], sequences)
    preceding = op.Transpose(following, perm=[1, 0])
    *_, betas = scan(BACKWARDS, [op.Add(nothing, end), preceding], [emissions, real], reverse=True)
    return op.Softmax(op.Add(alphas, betas), axis=-1)
