"""Words of a source that is translated; letters where letters are read."""

from __future__ import annotations

import numpy as np

from seqlab.data.examples import Examples
from seqlab.explain.units.base import Rows
from seqlab.explain.units.words import BLANKS, CHARACTER, WORD, WordUnits
from seqlab.tasks.inputs.source_text import SourceText
from seqlab.tasks.row_task import RowTask

PATTERNS = {"character": CHARACTER, "word": BLANKS, "bpe": WORD}


class SourceUnits(WordUnits):
    """Of the column `source`."""

    columns = ("source",)

    def __init__(self, task: RowTask, examples: Examples, background: Examples) -> None:
        super().__init__(task, examples, background)
        assert isinstance(task.reader, SourceText)
        self.reader = task.reader
        self.pattern = PATTERNS[self.reader.vocabulary.kind]
        self.noun = "letter" if self.reader.vocabulary.kind == "character" else "word"

    def places(self, row: int) -> Rows:
        vocabulary, text = self.reader.vocabulary, self.text("source", row)
        if vocabulary.core is not None:
            read = vocabulary.core.core.encode(text, add_special_tokens=False)
            places = self.units_of_offsets(row, "source", read.offsets)
        elif vocabulary.kind == "character":
            places = self.unit_at(row, "source")[:-1]
        else:
            places = np.arange(self.count(row))
        return places[: self.reader.limit] if len(places) else np.full(1, -1, dtype=np.int64)
