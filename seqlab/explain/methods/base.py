"""The contract of methods, and how the scores of altered examples are had."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.explain.attribution import Attribution
from seqlab.explain.questions.base import Question
from seqlab.explain.subject import Subject
from seqlab.explain.units.base import Units

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch

Array = NDArray[np.float64]
BATCH_EXAMPLES, BATCH_TOKENS = 128, 16384  # that are read at once


@dataclass(frozen=True)
class Case:
    """What is explained: a contestant, what is asked of it, of which examples, in which units."""

    subject: Subject
    question: Question
    units: Units
    seed: int = 0

    @property
    def examples(self) -> Examples:
        """The examples, unaltered."""
        return self.units.examples


class Method(ABC):
    """A way to say what an answer rests on; subclasses one a file, under `@registered`.

    A card says what a method is in a sentence for readers, `says`.
    """

    name: ClassVar[str]

    @classmethod
    def refusal(cls, case: Case) -> str:
        """Why this contestant cannot have it, in a sentence; empty: it can."""
        return ""

    @classmethod
    def check(cls, case: Case) -> None:
        """A UserError where the contestant cannot have it."""
        reason = cls.refusal(case)
        if reason:
            raise UserError(f"{cls.name}: {reason}", "seqlab explain --help lists the methods")

    @abstractmethod
    def attribute(self, case: Case) -> Attribution:
        """A number for each unit of each example."""


class OfNetworks(Method):
    """A method that needs a network."""

    @classmethod
    def refusal(cls, case: Case) -> str:
        if case.subject.trained_by_gradient:
            return ""
        return f"{case.subject.name} is a baseline, which has no gradients and no attention"


def batches_of(case: Case, examples: Examples) -> Iterator[Batch]:
    """Batches of any examples of the task, on the contestant's device."""
    for batch in case.units.batches(examples, BATCH_EXAMPLES, BATCH_TOKENS):
        yield batch.to(case.subject.device)


def scores_of(case: Case, question: Question, examples: Examples) -> Array:
    """The scores of examples, (n, K): of predictions where they say it, else of the model."""
    subject = case.subject
    if question.from_predictions and not subject.trained_by_gradient:
        return question.of_predictions(subject.predict(examples), examples)
    import torch

    model = subject.network("these scores")
    parts, rows = [], []
    with torch.inference_mode():
        for batch in batches_of(case, examples):
            parts.append(question.scores(model, batch).double().cpu().numpy())
            rows.append(batch.rows)
    width = max(part.shape[1] for part in parts)
    padded = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in parts]
    order = np.argsort(np.concatenate(rows))
    return np.asarray(np.concatenate(padded)[order])


def pulled(
    slopes: Sequence[Tensor], entered: Sequence[Tensor], base: Sequence[Tensor]
) -> list[Tensor]:
    """Gradient × (input − baseline)."""
    return [s * (x - b) for s, x, b in zip(slopes, entered, base, strict=True)]
