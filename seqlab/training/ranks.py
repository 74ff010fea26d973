"""One training in several processes (ranks), each with its share of every batch.

    g = Σ_r w_r ∇L_r / Σ_r w_r        L_r: mean loss of rank r over its w_r targets

so that the gradients are those of the whole batch in one process, however unequal the shares are in
length and in targets: the mean of the ranks' means would be wrong. Batches are planned before they
are divided, so that every rank has as many; one that is left without an example takes part with a
weight of zero, and nobody waits for ever. Weights are the same on all ranks, bit for bit, as each
adds the same sums to them (data parallelism; Li et al., 2020, PyTorch Distributed).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from seqlab.batch import Batch
from seqlab.errors import UserError
from seqlab.specs import TrainSpec
from seqlab.training.objective import LossLike, Objective

T = TypeVar("T")

ANSWER_SECONDS = 45.0  # in which ranks that train together meet
WAIT_SECONDS = 24 * 3600.0  # in which they meet where one works alone
BUCKET_ELEMENTS = 2**23  # of gradients that travel together


class LostRankError(UserError):
    """Another process of the same training is gone, or no longer answers."""


@dataclass(frozen=True)
class Ranks:
    """This process's number among all that train together; alone it is 0 of 1."""

    number: int = 0
    count: int = 1

    @property
    def many(self) -> bool:
        """Whether there are others."""
        return self.count > 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.number == 0

    @cached_property
    def _prompt(self) -> dist.ProcessGroup:
        return dist.new_group(timeout=timedelta(seconds=ANSWER_SECONDS))

    def sum(self, values: Tensor) -> Tensor:
        """The values added up over all ranks, in place."""
        if self.many:
            self._meet(lambda: dist.all_reduce(values, group=self._prompt))
        return values

    def any(self, *answers: bool) -> list[bool]:
        """Each question, and whether any rank says yes to it."""
        if not self.many:
            return list(answers)
        return [bool(v) for v in self.sum(torch.tensor(answers, dtype=torch.int32))]

    def told(self, value: T, *, waiting: bool = False) -> T:
        """The first rank's value, of JSON, on all of them; `waiting`: it may take its time."""
        if not self.many:
            return value
        group = dist.group.WORLD if waiting else self._prompt
        content = json.dumps(value).encode()
        size = torch.tensor([len(content)])
        self._meet(lambda: dist.broadcast(size, 0, group=group))
        buffer = torch.zeros(int(size), dtype=torch.uint8)
        if self.first:
            buffer = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        self._meet(lambda: dist.broadcast(buffer, 0, group=group))
        return json.loads(bytes(buffer.numpy()))

    def alike(self, model: nn.Module) -> None:
        """Give every rank the first one's weights: other processors round otherwise."""
        if self.many:
            for tensor in model.state_dict().values():
                self._meet(partial(dist.broadcast, tensor.detach(), 0, group=self._prompt))

    def _meet(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except RuntimeError as error:
            raise LostRankError(
                f"process {self.number + 1} of {self.count}: another process of this training is "
                "gone or no longer answers, and training ends",
                "run the same command again: it continues from the last checkpoint",
            ) from error

    def seed(self, seed: int, step: int) -> None:
        """Let what is drawn in a step, such as dropout, depend on the seed, the step and the rank.

        A training that continues so draws the same without a state of each rank.
        """
        if self.many:
            sequence = np.random.SeedSequence((seed, step, self.number))
            torch.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))

    def add_gradients(
        self, parameters: Sequence[nn.Parameter], *sums: float
    ) -> tuple[list[float], list[Tensor]]:
        """Gradients added up over all ranks, and so are `sums`; returns both.

        A parameter that had no part in this rank's share counts as zero, if it had one in another.
        """
        used = [float(p.grad is not None) for p in parameters]
        header = self.sum(torch.tensor([*sums, *used], dtype=torch.float64)).tolist()
        for parameter, ranks in zip(parameters, header[len(sums) :], strict=True):
            if ranks and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [p.grad for p in parameters if p.grad is not None]
        for bucket in _buckets(gradients):
            flat, start = self.sum(torch.cat([g.reshape(-1) for g in bucket])), 0
            for gradient in bucket:
                gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
                start += gradient.numel()
        return header[: len(sums)], gradients

    def refuse(self, spec: TrainSpec) -> None:
        """What several processes cannot do alike; raises UserError."""
        if not self.many:
            return
        here, devices = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
        if spec.device == "cuda" and here > devices:
            raise UserError(
                f"{here} processes on this machine, and {devices} accelerators",
                f"accepted: --nproc-per-node {devices}, or --device cpu",
            )
        wrong = {
            "precision": spec.precision == "auto",
            "compile": spec.compile == "auto",
            "max_memory_mb": spec.max_memory_mb is not None,
            "lazy_embeddings": spec.lazy_embeddings,
            "mixup": spec.mixup > 0,
        }
        for name in [name for name, is_wrong in wrong.items() if is_wrong]:
            raise UserError(
                f"train.{name} = {getattr(spec, name)}: not accepted with {self.count} processes, "
                "which could not do it alike",
                "leave it at its default, or train in one process",
            )


def ranks() -> Ranks:
    """Those of this process."""
    return _OURS[-1]


_OURS = [Ranks()]


@contextmanager
def joined() -> Iterator[Ranks]:
    """In which this process trains with others, if torchrun started it; it is alone otherwise.

    Raises: UserError where they cannot reach each other, or are more than there are accelerators.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        yield ranks()
        return
    backend = "cpu:gloo"
    if torch.cuda.is_available():
        backend = "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    try:
        dist.init_process_group(backend, timeout=timedelta(seconds=WAIT_SECONDS))
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(
            f"the processes of this training cannot reach each other: {reason}",
            "GLOO_SOCKET_IFNAME says which network interface to use, such as lo or eth0",
        ) from None
    _OURS.append(Ranks(dist.get_rank(), dist.get_world_size()))
    try:
        yield ranks()
    finally:
        _OURS.pop()
        dist.destroy_process_group()


def share(batch: Batch, own: Ranks) -> Batch:
    """Every `count`-th example of a batch, from this rank's number on: all have like lengths.

    A rank that is left without any gets the first one, as a stand-in that does not count.
    """
    n = len(batch.inputs)
    index = torch.arange(n)[own.number :: own.count]
    filler = not len(index)
    index = torch.zeros(1, dtype=torch.int64) if filler else index

    def part(value: Any) -> Any:
        if value is None:
            return None
        if len(value) != n:
            raise UserError(
                "this task reads long inputs in pieces, which several processes cannot divide",
                "train in one process, or raise the longest input that is read whole",
            )
        return value[index if isinstance(value, Tensor) else index.numpy()]

    context = batch.context
    parts = {f.name: part(getattr(context, f.name)) for f in fields(context) if f.name != "mix"}
    positions = batch.positions
    return replace(
        batch,
        inputs=part(batch.inputs),
        targets=part(batch.targets),
        rows=part(batch.rows),
        context=replace(context, **parts),
        extra={name: part(value) for name, value in batch.extra.items()},
        positions=None if positions is None else positions * len(index) // n,
        filler=filler,
    )


@dataclass(frozen=True)
class _Weightless:
    """The loss of a stand-in: a part of the graph, so that all have gradients, and no more."""

    value: Tensor
    state: Any
    weight: float = 0.0


class Divided:
    """An objective whose batches are this rank's share of the whole ones."""

    def __init__(self, whole: Objective, own: Ranks) -> None:
        self.whole, self.own = whole, own
        self.higher_is_better = whole.higher_is_better

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def batches(self, epoch: int) -> Iterator[Batch]:
        for batch in self.whole.batches(epoch):
            if batch.continues:
                raise UserError(
                    "options.stateful = true: not accepted with several processes",
                    "train in one process, or without carried states",
                )
            yield share(batch, self.own)

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> LossLike:
        loss = self.whole.loss(model, batch, state)
        return _Weightless(loss.value, loss.state) if batch.filler else loss

    def validate(self, model: nn.Module) -> float:
        """The first rank's score: decisions are made on it, and all must make the same."""
        return self.own.told(self.whole.validate(model))


def divided(objective: Objective) -> Objective:
    """The objective as this process trains on it."""
    own = ranks()
    return Divided(objective, own) if own.many else objective


def _buckets(gradients: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Gradients of one type that travel together."""
    bucket: list[Tensor] = []
    for gradient in gradients:
        full = sum(g.numel() for g in bucket) + gradient.numel() > BUCKET_ELEMENTS
        if bucket and (full or gradient.dtype != bucket[0].dtype):
            yield bucket
            bucket = []
        bucket.append(gradient)
    if bucket:
        yield bucket
