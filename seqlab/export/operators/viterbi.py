"""The best sequence of tags as an operator of PyTorch, and as two Scans: there, and back.

best_t[j] = max_i (best_{t−1}[i] + step[i, j]) + e_t[j],   origin_t[j] the i that it is
tag_{t−1} = origin_t[tag_t]
"""

from __future__ import annotations

from typing import Any

import torch
from onnxscript import opset20 as op
from torch import Tensor

from seqlab.export.operators.chain import first_position, real_positions
from seqlab.export.operators.scan import scan
from seqlab.tasks.targets.tag_head import Transitions, viterbi

THERE = """
there (float[B,C] best, float[C,C] step, float[1,C] start, int64[1,C] stay,
       float[B,C] emitted, bool[B,1] real, bool[one,1] first)
    => (float[B,C] best_next, float[C,C] step_same, float[1,C] start_same, int64[1,C] stay_same,
        int64[B,C] origin) {
    last = Constant <value_ints = [-1]> ()
    column = Unsqueeze(best, last)
    ways = Add(column, step)
    before = Constant <value_ints = [1]> ()
    reached = ReduceMax <keepdims = 0> (ways, before)
    from = ArgMax <axis = 1, keepdims = 0> (ways)
    begun = Where(first, start, reached)
    moved = Add(begun, emitted)
    best_next = Where(real, moved, best)
    known = Where(real, from, stay)
    origin = Where(first, stay, known)
    step_same = Identity(step)
    start_same = Identity(start)
    stay_same = Identity(stay)
}
"""
BACK = """
back (int64[B,1] tag, int64[B,C] origin) => (int64[B,1] before, int64[B,1] here) {
    here = Identity(tag)
    before = GatherElements <axis = 1> (origin, tag)
}
"""


@torch.library.custom_op("seqlab::viterbi", mutates_args=())
def _viterbi(emissions: Tensor, mask: Tensor, step: Tensor, start: Tensor, end: Tensor) -> Tensor:
    return viterbi(emissions, mask, Transitions(step, start, end))


@_viterbi.register_fake
def _(emissions: Tensor, mask: Tensor, *_: Tensor) -> Tensor:
    return emissions.new_empty(emissions.shape[:2], dtype=torch.int64)


def traced_viterbi(emissions: Tensor, mask: Tensor, steps: Transitions) -> Tensor:
    """As `viterbi`, in one node however long the sequences are."""
    tags: Tensor = _viterbi(emissions, mask, *steps)
    return tags


def translate(emissions: Any, mask: Any, step: Any, start: Any, end: Any) -> Any:
    """Tags (B, T)."""
    tags = start.shape[0]
    stay = op.Constant(value_ints=list(range(tags)))
    begin = op.Mul(op.Squeeze(op.Slice(emissions, [0], [1], [1]), [1]), 0.0)
    states = [begin, step, op.Unsqueeze(start, [0]), op.Unsqueeze(stay, [0])]
    sequences = [emissions, real_positions(mask), first_position(emissions)]
    best, *_, origins = scan(THERE, states, sequences)
    last = op.ArgMax(op.Add(best, end), axis=1, keepdims=1)
    _, path = scan(BACK, [last], [origins], reverse=True)
    return op.Where(mask, op.Squeeze(path, [2]), 0)
