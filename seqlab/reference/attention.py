"""Scaled dot-product attention (Vaswani et al., 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def softmax(scores: Array, axis: int = -1) -> Array:
    """e^{s_i} / Σ_j e^{s_j} along an axis.

    The largest score is subtracted first: the quotient stays the same, and no exponential
    overflows.
    """
    exponentials = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def scaled_dot_product_attention(
    q: Array, k: Array, v: Array, mask: NDArray[np.bool_] | None = None
) -> tuple[Array, Array]:
    """a_ts = softmax_s (q_t · k_s / √d) and o_t = Σ_s a_ts v_s.

    Queries q (…, T, d), keys k (…, S, d), values v (…, S, e); mask (…, T, S) is true where a query
    sees a key, and each query must see one. Returns o (…, T, e) and the weights a (…, T, S).
    """
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)  # e^{−∞} = 0: no weight
    weights = softmax(scores)
    return weights @ v, weights
