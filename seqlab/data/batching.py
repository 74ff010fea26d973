"""Batches of similar length: tokenise once, bucket by length, pad to the bucket.

Which rows go together is planned with NumPy once an epoch; making a batch is one gather.
"""

from __future__ import annotations

import numpy as np

from seqlab.data.examples import Rows


def plan_batches(
    lengths: Rows,
    batch_size: int,
    batch_tokens: int,
    rng: np.random.Generator | None = None,
) -> list[Rows]:
    """Row numbers of each batch: at most `batch_size` rows and `batch_tokens` padded positions.

    With a generator the rows are shuffled: lengths are jittered before sorting, so that the
    neighbours differ from epoch to epoch, and the batches come in random order. Without one the
    order is by length, for prediction.
    """
    lengths = np.maximum(np.asarray(lengths, dtype=np.int64), 1)
    keys = lengths.astype(np.float64)
    if rng is not None:
        keys = keys * rng.uniform(0.9, 1.1, len(keys)) + rng.uniform(0, 1, len(keys))
    order = np.argsort(keys, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        window = lengths[order[start : start + batch_size]]
        padded = np.maximum.accumulate(window) * np.arange(1, len(window) + 1)
        size = max(1, int(np.searchsorted(padded, batch_tokens, side="right")))
        batches.append(order[start : start + size])
        start += size
    if rng is not None:
        batches = [batches[i] for i in rng.permutation(len(batches))]
    return batches


def padding_share(lengths: Rows, batches: list[Rows]) -> float:
    """The share of padded positions over all batches."""
    real = sum(int(lengths[rows].sum()) for rows in batches)
    padded = sum(int(lengths[rows].max()) * len(rows) for rows in batches)
    return 1 - real / max(padded, 1)
