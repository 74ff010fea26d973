"""The batches of a training, one after the other, with their place and the time they took."""

from __future__ import annotations

import time
from collections.abc import Iterator

from seqlab.batch import Batch
from seqlab.training.objective import Objective


class Feed:
    """Endless epochs of batches; the place is (epoch, batches taken from it).

    An epoch's batches depend on the epoch alone, so that a place is found again by taking as many.
    """

    def __init__(self, objective: Objective, device: str) -> None:
        self.objective, self.device = objective, device
        self.epoch = self.taken = 0
        self.seconds = 0.0  # spent on making batches
        self._batches: Iterator[Batch] | None = None

    def next(self) -> Batch:
        """The next batch, on the device."""
        begun = time.perf_counter()
        batch = self._next()
        if self.device != "cpu":
            batch = batch.to(self.device)
        self.seconds += time.perf_counter() - begun
        return batch

    def _next(self) -> Batch:
        if self._batches is None:
            self._batches = self.objective.batches(self.epoch)
        for batch in self._batches:
            self.taken += 1
            return batch
        assert self.taken, "an epoch without batches"
        self.epoch, self.taken, self._batches = self.epoch + 1, 0, None
        return self._next()

    def place(self) -> tuple[int, int]:
        """Where the next batch is."""
        return self.epoch, self.taken

    def go_to(self, place: tuple[int, int]) -> None:
        """Continue at a place."""
        self.epoch, wanted = place
        self.taken, self._batches = 0, None
        while self.taken < wanted:
            self._next()
