"""Vectors of texts that are computed once and then read, by how they were computed.

The cache folder holds a file for each way of computing: digests of texts beside their vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from safetensors.numpy import save_file

from seqlab.data.packages import cache_folder
from seqlab.errors import UserError
from seqlab.runs import replacing
from seqlab.tensors import read_tensors

Vectors = NDArray[np.float32]
MOST_BYTES = 2**30  # of one file; beyond it the oldest vectors go
DIGEST_BYTES = 16


def remembered(
    way: str, texts: Sequence[str], compute: Callable[[Sequence[str]], Vectors]
) -> Vectors:
    """The vector of each text, (n, D); those that are not known yet are computed and kept.

    `way` says all that a vector depends on but its text: weights, reader, length, pooling, format.
    """
    path = cache_folder() / "vectors" / f"{hashlib.sha256(way.encode()).hexdigest()[:16]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    digests = [_digest(text) for text in texts]
    with FileLock(path.with_suffix(".lock")):
        known, vectors = _read(path)
        missing = {d: text for d, text in zip(digests, texts, strict=True) if d not in known}
        if missing:
            computed = compute(list(missing.values())).astype(np.float32, copy=False)
            vectors = computed if vectors is None else np.concatenate([vectors, computed])
            known |= {digest: len(known) + n for n, digest in enumerate(missing)}
            _write(path, list(known), vectors)
    assert vectors is not None, "no texts"
    return np.asarray(vectors[[known[digest] for digest in digests]])


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]


def _read(path: Path) -> tuple[dict[bytes, int], Vectors | None]:
    """Digest → row, and the rows; what is damaged counts as empty: it can be computed again."""
    if not path.exists():
        return {}, None
    try:
        stored = read_tensors(path, "np")
        digests, vectors = stored["digests"], stored["vectors"]
    except (UserError, KeyError):
        return {}, None
    whole = digests.ndim == vectors.ndim == 2 and len(digests) == len(vectors)
    if not whole or digests.shape[1] != DIGEST_BYTES or vectors.dtype != np.float32:
        return {}, None
    return {row.tobytes(): n for n, row in enumerate(digests)}, vectors


def _write(path: Path, known: list[bytes], vectors: Vectors) -> None:
    keep = max(1, MOST_BYTES // (vectors.itemsize * vectors.shape[1] + DIGEST_BYTES))
    digests = np.frombuffer(b"".join(known[-keep:]), dtype=np.uint8).reshape(-1, DIGEST_BYTES)
    with replacing(path) as temporary:
        save_file({"digests": digests, "vectors": vectors[-keep:]}, temporary)
