"""Words of a question and of the text that answers it."""

from __future__ import annotations

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.units.base import Removal, Rows
from seqlab.explain.units.words import WordUnits
from seqlab.tasks.inputs.question_context import QuestionContext
from seqlab.tasks.row_task import RowTask


class QuestionUnits(WordUnits):
    """Questions first, as they are read. No word can be deleted: the answer is a place."""

    columns = ("question", "context")
    removals: tuple[Removal, ...] = ("mask", "resample")

    def __init__(self, task: RowTask, examples: Examples, background: Examples) -> None:
        super().__init__(task, examples, background)
        assert isinstance(task.reader, QuestionContext)
        self.reader = task.reader

    def places(self, row: int) -> Rows:
        core = self.reader.tokenizer.core
        question, context = (
            self.units_of_offsets(
                row,
                column,
                core.encode(self.text(column, row), add_special_tokens=False).offsets,
            )
            for column in self.columns
        )
        kept = question[: max(1, self.reader.window // 2)]
        return np.concatenate([kept, [-1], context]).astype(np.int64)
