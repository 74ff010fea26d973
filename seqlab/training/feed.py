"""The batches of a training, one after the other, with their place and the time they took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch

from seqlab.batch import Batch
from seqlab.kernels.threads import cores
from seqlab.specs import TrainSpec
from seqlab.training.objective import Objective
from seqlab.training.prefetch import Ahead, Groups

Place = tuple[int, int]  # epoch, batches taken from it
Placed = tuple[Place, Batch]  # a batch, and where the next one is

BATCHES_AT_ONCE = 16  # where no thread makes them
WATCHED_BATCHES = 20  # before it is decided whether a thread pays, and whether it did
LONG_WAITING = 0.1  # of the time spent on waiting, from which a thread is tried
BATCHES_AHEAD = 2  # where a thread makes them


@dataclass
class Watch:
    """What some batches took, from the first to the last."""

    begun: float
    waited: float
    batches: int = 0
    positions: int = 0


class Feed:
    """Endless epochs of batches; the place is (epoch, batches taken from it).

    An epoch's batches depend on the epoch alone, so that a place is found again by taking as many,
    and they may be made ahead of time: their order and content stay the same.

    ahead  how many batches a thread makes ahead; 0: no thread; None: two, if the training is seen
           to wait for more than a tenth of its time, there is a core to spare and it gets faster
    """

    def __init__(self, objective: Objective, device: str, ahead: int | None = 0) -> None:
        self.objective, self.device = objective, device
        self.ahead = ahead or 0
        self.undecided = ahead is None and cores() > torch.get_num_threads()
        self.seconds = 0.0  # spent on waiting for batches
        self._place: Place = (0, 0)
        self._watch: Watch | None = None
        self._pace = 0.0  # seconds a position without a thread
        self._batches: Ahead[Placed] | Groups[Placed] | None = None

    def next(self) -> Batch:
        """The next batch, on the device."""
        begun = time.perf_counter()
        if self._batches is None:
            self.go_to(self._place)
        assert self._batches is not None
        self._place, batch = next(self._batches)
        if self.device != "cpu":
            batch = batch.to(self.device)
        self.seconds += time.perf_counter() - begun
        if self.undecided:
            self._decide(batch.inputs.numel())
        return batch

    def place(self) -> Place:
        """Where the next batch is."""
        return self._place

    def go_to(self, place: Place) -> None:
        """Continue at a place."""
        self.close()
        self._place, self._watch = place, None
        batches = _from(self.objective, place[0])
        for _ in islice(batches, place[1]):
            pass
        self._make(batches)

    def close(self) -> None:
        """End the thread, if there is one."""
        if self._batches is not None:
            self._batches.close()
        self._batches = None

    def _make(self, batches: Iterator[Placed]) -> None:
        """On a thread, or some at a time."""
        self._batches = (
            Ahead(batches, self.ahead) if self.ahead else Groups(batches, BATCHES_AT_ONCE)
        )

    def _decide(self, positions: int) -> None:
        """Try a thread where there is much waiting, and keep it if training gets faster."""
        now, watch = time.perf_counter(), self._watch
        if watch is None:  # the batch before the first that counts: it plans the epoch
            self._watch = Watch(now, self.seconds)
            return
        watch.batches += 1
        watch.positions += positions
        if watch.batches < WATCHED_BATCHES:
            return
        pace = (now - watch.begun) / watch.positions
        if self.ahead:
            self.undecided = False
            if pace > self._pace:
                self._change(0)
        elif self.seconds - watch.waited > LONG_WAITING * (now - watch.begun):
            self._pace, self._watch = pace, None
            self._change(BATCHES_AHEAD)
        else:
            self.undecided = False

    def _change(self, ahead: int) -> None:
        self.ahead = ahead
        if self._batches is not None:
            self._make(self._batches.close())


def ahead_of(spec: TrainSpec) -> int | None:
    """Batches that a thread makes ahead; none where a user's function makes them."""
    return 0 if any(one.hook is not None for one in spec.augment) else spec.prefetch


def _from(objective: Objective, epoch: int) -> Iterator[Placed]:
    """Every batch from the beginning of an epoch on, with the place after it."""
    while True:
        number = 0
        for number, batch in enumerate(objective.batches(epoch), start=1):
            yield (epoch, number), batch
        assert number, "an epoch without batches"
        epoch += 1
