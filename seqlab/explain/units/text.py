"""Words of classified texts, or of pairs of them; letters where the model reads letters."""

from __future__ import annotations

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.units.base import Rows
from seqlab.explain.units.words import CHARACTER, WORD, WordUnits
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.row_task import RowTask


class TextUnits(WordUnits):
    """Of the columns `text` and, of pairs, `text2`."""

    def __init__(self, task: RowTask, examples: Examples, background: Examples) -> None:
        super().__init__(task, examples, background)
        assert isinstance(task.reader, Text)
        self.reader = task.reader
        self.columns = ("text", "text2") if task.reader.pair else ("text",)
        letters = task.reader.tokenizer.spec.kind == "character"
        self.pattern = CHARACTER if letters else WORD
        self.noun = "letter" if letters else "word"

    def places(self, row: int) -> Rows:
        """As texts are cut and joined for the model: ids stand for the units, from 1 on."""
        sides = [self._units(row, column) for column in self.columns]
        if len(sides) == 1:
            # Units are negative here, so that nothing that is put between them looks like one.
            return -1 - np.asarray(self.reader.shortened(_some(sides[0])), dtype=np.int64)
        joined = self.reader.joined([sides[0]], [sides[1]])[0].astype(np.int64)
        return np.where(joined < 0, -1 - joined, -1)

    def _units(self, row: int, column: str) -> np.ndarray:
        read = self.reader.tokenizer.core.encode(self.text(column, row), add_special_tokens=False)
        return (-1 - self.units_of_offsets(row, column, read.offsets)).astype(np.int32)


def _some(units: np.ndarray) -> np.ndarray:
    """An empty text is read as one token, which is of no unit."""
    return units if len(units) else np.zeros(1, dtype=np.int32)
