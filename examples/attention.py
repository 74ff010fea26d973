"""Scaled dot-product attention in NumPy: softmax(Q Kᵀ / √d) V.

Common versions call np.softmax, which does not exist; transpose with K.T, which turns the batch
round too; or divide by the model's width and not the head's.
"""

import numpy as np


def softmax(scores):
    """Over the last axis; less the largest, so that nothing overflows."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(q, k, v, causal=False):
    """(…, T, d), (…, S, d), (…, S, e) → (…, T, e) and the weights (…, T, S)."""
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if causal:
        future = np.triu(np.ones(scores.shape[-2:], dtype=bool), k=1)
        scores = np.where(future, -np.inf, scores)
    weights = softmax(scores)
    return weights @ v, weights


rng = np.random.default_rng(0)
x = rng.normal(size=(2, 4, 6, 8))  # batch, heads, positions, width of a head
output, weights = attention(x, x, x, causal=True)

if __name__ == "__main__":
    print(output.shape)
    print(weights[0, 0].round(2))
