"""A peer's side of the pipe: an epoch on command, answered by its seconds.

No part of seqlab is imported here, as peers run in environments of their own.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CLIP, DROPOUT, RATE = 1.0, 0.1, 5e-5  # of both sides; the rate is that of the Trainer


@dataclass(frozen=True)
class Texts:
    """Token ids end to end, labels of 0 and 1, and the size of the table that a peer takes."""

    ids: list[Any]  # an array a text
    labels: Any
    tokens: int
    batch_size: int
    width: int
    depth: int
    heads: int

    @property
    def longest(self) -> int:
        """The tokens of the longest text."""
        return max(map(len, self.ids))


def write(path: Path, ids: list[Any], labels: Any, tokens: int) -> None:
    """What `read` reads."""
    offsets = np.cumsum([0, *map(len, ids)])
    np.savez(path, values=np.concatenate(ids), offsets=offsets, labels=labels, tokens=tokens)


def read(arguments: list[str]) -> Texts:
    """From the command line: the file, then batch size, width, depth and heads."""
    with np.load(arguments[0]) as stored:
        values, offsets = stored["values"], stored["offsets"]
        ids = [values[a:b] for a, b in itertools.pairwise(offsets)]
        labels, tokens = stored["labels"], int(stored["tokens"])
    return Texts(ids, labels, tokens, *map(int, arguments[1:5]))


def serve(prepare: Callable[[], tuple[Callable[[], object], str]]) -> None:
    """Prepare an epoch, say what this is, then train one for every line that comes in."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    epoch, about = prepare()
    print(json.dumps({"about": about}), file=answers, flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        epoch()
        spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps(spent), file=answers, flush=True)
