"""A contestant in service: what it is asked and answers, and the thread that computes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from seqlab.errors import UserError
from seqlab.serve.forms import form_of
from seqlab.serve.limits import Limits
from seqlab.serve.refusals import RefusedError
from seqlab.serve.rows import CHARACTERS_A_POSITION
from seqlab.serve.worker import Meter, Worker, late
from seqlab.workbench.predictor import Predictor

T = TypeVar("T")


class Service:
    """Answers rows; one thread does all that the model has a part in."""

    def __init__(
        self, predictor: Predictor, limits: Limits, meter: Meter, threads: int = 1
    ) -> None:
        self.predictor, self.limits = predictor, limits
        self.task, self.form = predictor.task, form_of(predictor.task)
        self.name = str(predictor.card["candidate"])
        self.worker = Worker(
            self._compute,
            limits,
            meter,
            together=self.form.together,
            begin=lambda: use_threads(threads),
        )

    def _compute(self, rows: Sequence[Any]) -> list[Any]:
        return self.form.compute(self.predictor.raw, rows)

    async def answer(self, rows: Sequence[Any]) -> list[Any]:
        """An answer for each row; a RefusedError says which row cannot be answered, and why."""
        lengths = self._checked(rows)
        found = await self.wait(self.worker.submit(rows, lengths, self.limits.deadline))
        for number, answer in enumerate(found, 1):
            if isinstance(answer, Exception):
                raise RefusedError(422, f"row {number}: {answer}")
        return list(found)

    def _checked(self, rows: Sequence[Any]) -> list[int]:
        if len(rows) > self.limits.rows:
            raise RefusedError(413, f"{len(rows):,} rows; accepted: at most {self.limits.rows:,}")
        lengths = [self.form.length(row) for row in rows]
        for number, (row, length) in enumerate(zip(rows, lengths, strict=True), 1):
            if length > self.limits.positions:
                most = f"{self.limits.positions:,}"
                raise RefusedError(
                    422, f"row {number}: {length:,} positions; accepted: at most {most}"
                )
            try:
                self.form.check(row)
            except UserError as error:
                raise RefusedError(422, f"row {number}: {error.message}") from None
        return lengths

    def check_text(self, text: str) -> None:
        """Refuse a text that is longer than a row may be."""
        length, most = len(text) // CHARACTERS_A_POSITION, self.limits.positions
        if length > most:
            raise RefusedError(422, f"a text of {length:,} positions; accepted: at most {most:,}")

    async def call(self, function: Callable[[], T]) -> T:
        """The result of a function that is called in the thread of the model."""
        return await self.wait(self.worker.call(function, self.limits.deadline))

    async def wait(self, result: Future[T]) -> T:
        """A result within the deadline; a RefusedError with 504 after it."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(result), self.limits.deadline)
        except (TimeoutError, CancelledError):
            raise late() from None
        except UserError as error:
            raise RefusedError(422, error.message) from None


def use_threads(count: int) -> None:
    """Let this thread's computations use so many threads; the setting is each thread's own."""
    import torch

    torch.set_num_threads(count)
