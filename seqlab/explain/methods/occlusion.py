"""What occlusion by any way of removal shares: an answer's score with a unit and without it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seqlab.explain.attribution import Attribution
from seqlab.explain.methods.base import Case, Method, scores_of
from seqlab.explain.units.base import Removal

Array = NDArray[np.float64]
ROWS_AT_ONCE = 4096  # altered examples that are held at a time


class Occlusion(Method):
    """a_i = f(x) − f(x without i); abstract: a subclass says how a unit is removed.

    draws: how often, where chance says what stands in a unit's place.
    """

    how: ClassVar[Removal]
    draws: ClassVar[int] = 1

    @classmethod
    def refusal(cls, case: Case) -> str:
        if not case.question.from_predictions and not case.subject.trained_by_gradient:
            return f"{case.subject.name} gives no scores of what it writes"
        if cls.how not in case.units.removals:
            return (
                f"answers of the task {case.subject.task.name} stand at positions of the input,"
                " which deletion would shift; accepted: occlusion-mask, occlusion-resample"
            )
        return ""

    def attribute(self, case: Case) -> Attribution:
        self.check(case)
        rng = np.random.default_rng(case.seed)
        whole = scores_of(case, case.question, case.examples)
        values: list[Array] = []
        start = 0
        counts = [case.units.count(row) for row in range(len(case.examples))]
        while start < len(counts):
            end, total = start, 0
            while end < len(counts) and (end == start or total + counts[end] <= ROWS_AT_ONCE):
                total, end = total + counts[end], end + 1
            values += self._some(case, whole, range(start, end), rng)
            start = end
        return Attribution(self.name, values)

    def _some(self, case: Case, whole: Array, rows: range, rng: np.random.Generator) -> list[Array]:
        counts = [case.units.count(row) for row in rows]
        repeated = np.repeat(np.arange(rows.start, rows.stop), counts)
        removed = [np.eye(count, dtype=bool)[unit] for count in counts for unit in range(count)]
        if not len(repeated):
            return [np.zeros((whole.shape[1], 0)) for _ in rows]
        question = case.question.take(repeated)
        fell = np.zeros((len(repeated), whole.shape[1]))
        for _ in range(self.draws):
            altered = case.units.without(repeated, removed, self.how, rng)
            scores = scores_of(case, question, altered)
            width = min(scores.shape[1], whole.shape[1])
            fell[:, :width] += (whole[repeated][:, :width] - scores[:, :width]) / self.draws
        ends = np.cumsum(counts)
        return [fell[end - count : end].T for count, end in zip(counts, ends, strict=True)]
