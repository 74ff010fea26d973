"""The batches of a training, one after the other, with their place and the time they took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import torch

from seqlab.batch import Batch
from seqlab.kernels.threads import cores
from seqlab.training.objective import Objective
from seqlab.training.prefetch import Ahead

Place = tuple[int, int]  # epoch, batches taken from it

WATCHED = 20  # batches, before it is decided whether a thread pays
PAYS = 0.03  # of the time spent on making batches
AHEAD = 2  # batches, where it does


class Feed:
    """Endless epochs of batches; the place is (epoch, batches taken from it).

    An epoch's batches depend on the epoch alone, so that a place is found again by taking as many,
    and a thread may make them ahead of time: their order and content stay the same.

    ahead  how many batches a thread makes ahead; 0: no thread; None: two as soon as the training
           is seen to wait for more than 3 % of its time and there is a core to spare
    """

    def __init__(self, objective: Objective, device: str, ahead: int | None = 0) -> None:
        self.objective, self.device = objective, device
        self.ahead = ahead or 0
        self.undecided = ahead is None and cores() > torch.get_num_threads()
        self.seconds = 0.0  # spent on waiting for batches
        self._place: Place = (0, 0)
        self._watched: tuple[int, float, float] | None = None  # batches, when it began, seconds
        self._source: Iterator[tuple[Place, Batch]] | None = None

    def next(self) -> Batch:
        """The next batch, on the device."""
        begun = time.perf_counter()
        if self._source is None:
            self.go_to(self._place)
        assert self._source is not None
        self._place, batch = next(self._source)
        self.seconds += time.perf_counter() - begun
        if self.undecided:
            self._decide()
        return batch

    def place(self) -> Place:
        """Where the next batch is."""
        return self._place

    def go_to(self, place: Place) -> None:
        """Continue at a place."""
        self.close()
        self._place = place
        batches = _from(self.objective, place[0])
        for _ in islice(batches, place[1]):
            pass
        self._source = self._behind(self._moved(batches))

    def close(self) -> None:
        """End the thread, if there is one."""
        if isinstance(self._source, Ahead):
            self._source.close()
        self._source = None

    def _behind(self, batches: Iterator[tuple[Place, Batch]]) -> Iterator[tuple[Place, Batch]]:
        return Ahead(batches, self.ahead) if self.ahead else batches

    def _moved(self, batches: Iterator[tuple[Place, Batch]]) -> Iterator[tuple[Place, Batch]]:
        for place, batch in batches:
            yield place, batch if self.device == "cpu" else batch.to(self.device)

    def _decide(self) -> None:
        """Whether to make batches on a thread from here on."""
        now = time.perf_counter()
        taken, begun, seconds = self._watched or (0, now, self.seconds)  # not the first: it plans
        self._watched = (taken + 1, begun, seconds)
        if taken < WATCHED:
            return
        self.undecided = False
        if self.seconds - seconds > PAYS * (now - begun) and self._source is not None:
            self.ahead = AHEAD
            self._source = self._behind(self._source)


def _from(objective: Objective, epoch: int) -> Iterator[tuple[Place, Batch]]:
    """Every batch from the beginning of an epoch on, with the place after it."""
    while True:
        number = 0
        for number, batch in enumerate(objective.batches(epoch), start=1):
            yield (epoch, number), batch
        assert number, "an epoch without batches"
        epoch += 1
