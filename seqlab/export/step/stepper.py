"""A step file in use: it is given one position after another, and keeps the state between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.export.runtime import Session

Array = NDArray[Any]
STATE, NEXT = "state_", "next_state_"  # names of a state: what goes in, and what comes out
POSITION = "position"


class Stepper:
    """Streams of one batch, from their first position on; not to be shared between clients."""

    def __init__(self, session: Session, first: dict[str, Array]) -> None:
        """first: the state of one sequence before its first position, by name."""
        self.session, self._first = session, first
        self.restart()

    def restart(self, batch: int = 1) -> None:
        """Forget everything: the next position is the first of `batch` new sequences."""
        self.position = 0
        self.state = {n: np.repeat(value, batch, axis=0) for n, value in self._first.items()}

    def step(self, x: Array) -> Array:
        """The answer after one more position: x (B, 1) token ids or (B, 1, F) values."""
        place = {POSITION: np.array(self.position, dtype=np.int64)}
        outputs, *after = self.session.run({"x": x, **place, **self.state})
        self.state = dict(zip(self.state, after, strict=True))
        self.position += 1
        return np.asarray(outputs)
