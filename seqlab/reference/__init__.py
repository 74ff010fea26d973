"""Three ideas in plain NumPy, to read and to check against: a recurrence, attention, clipping."""

from __future__ import annotations

from seqlab.reference.attention import scaled_dot_product_attention, softmax
from seqlab.reference.clipping import clip_by_norm, clip_by_value
from seqlab.reference.recurrence import rnn_step

__all__ = [
    "clip_by_norm",
    "clip_by_value",
    "rnn_step",
    "scaled_dot_product_attention",
    "softmax",
]
