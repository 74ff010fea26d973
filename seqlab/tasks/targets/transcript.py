"""What is said in a recording, character by character, without an alignment (CTC)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data import columns as guess
from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.inspection import text_findings
from seqlab.data.splits import Splits
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.inputs.source_text import strangers
from seqlab.tasks.inputs.vocabulary import learn
from seqlab.tasks.parts import ColumnChoice, ColumnRequest, primary_first
from seqlab.tasks.targets.ctc import frames_needed
from seqlab.tasks.targets.strings import Strings

METRICS = ("character-error-rate", "token-error-rate", "sequence-match")
NAMES = ("text", "texts", "transcript", "transcription", "transcripts", "sentence", "words")
SHARED_SHARE = 0.5  # of the test texts, from which on training holds too many of them


class TranscriptOptions(Spec):
    """beam: how many beginnings of a text are followed; 1 takes the best path."""

    beam: int = Field(1, ge=1)


class Transcript(Strings):
    """The characters of each recording's text."""

    roles = ("text",)
    called = "text"
    options_type = TranscriptOptions

    beam: int = 1

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def likely(cls, table: Table, request: ColumnRequest) -> list[str]:
        found = text_column(table.frame)
        return [] if found is None or "text" in request.named else [found]

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        frame, origin = table.frame, table.origin
        named = request.named.get("text")
        column = text_column(frame) if named is None else guess.named(frame, named, origin)
        if column is None:
            names = ", ".join(str(name) for name in frame.columns)
            raise UserError(
                f'"{origin}": no column of texts among {names}', "name it: --columns text=…"
            )
        return ColumnChoice({"text": column}, 0.9, f'a text for each in "{column}"')

    @classmethod
    def findings(cls, rows: Examples, choice: ColumnChoice) -> list[Finding]:
        """Frames against characters, and the texts."""
        texts = rows.frame["target"].tolist()
        return [_frames_for(rows, texts), *text_findings(texts)]

    @classmethod
    def findings_in_parts(
        cls, rows: Examples, splits: Splits, shown: Sequence[str] | None, seed: int
    ) -> list[Finding]:
        """Texts of the test part that training holds too, said in other recordings."""
        texts = rows.frame["target"]
        known = set(texts.iloc[splits.train])
        shared = float(texts.iloc[splits.test].isin(known).mean())
        if not shared:
            return []
        mostly = shared > SHARED_SHARE
        return [
            Finding(
                "warning" if mostly else "info",
                f"test texts that training holds too: {shared:.0%}",
                "said in other recordings",
                "known words need only be told apart, not spelled: new ones may be much harder"
                if mostly
                else "",
            )
        ]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """The characters of the training texts."""
        texts = train.frame["target"].tolist()
        learned = cls(
            columns=choice.columns,
            metrics=primary_first(spec.metric, METRICS),
            beam=options.beam,
        )
        return learned.writing_by(learn(texts, "character", spec.vocabulary))

    # -- learned -------------------------------------------------------------------------------

    def frames_needed(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """The fewest steps in which each text can be written."""
        return np.array([frames_needed(ids) for ids in self.vocabulary.encode(texts)])

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """Words."""
        return [text.split() for text in texts]

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        """Test recordings that are too short, and characters that training does not hold."""
        test = parts["test"]
        needed = self.frames_needed(test.frame["target"].tolist())
        cannot = int((test.ragged("steps").lengths < needed).sum())
        short = [f"test: {cannot:,} recordings have fewer steps than characters"] if cannot else []
        return [*short, *strangers(self.vocabulary, "texts", test.frame["target"].tolist())]

    def card(self, train: Examples) -> dict[str, Any]:
        return {"characters": len(self.vocabulary.pieces)}


def text_column(frame: pd.DataFrame) -> str | None:
    """The column of texts by its name."""
    by_name = {guess.normalised(str(name)): str(name) for name in frame.columns}
    found = next((by_name[name] for name in NAMES if name in by_name), None)
    if found is None or pd.api.types.is_numeric_dtype(frame[found].dtype):
        return None
    values = frame[found].dropna()
    return found if len(values) and isinstance(values.iloc[0], str) else None


def _frames_for(rows: Examples, texts: Sequence[str]) -> Finding:
    series = rows.ragged("series")
    frames, characters = series.lengths, np.array([len(text) for text in texts])
    ratio = frames / characters
    scarce = int((ratio < 1).sum())
    return Finding(
        "warning" if scarce else "info",
        f"{len(frames):,} recordings of {frames.min():,}–{frames.max():,} frames,"
        f" {series.values.shape[1]} channels",
        f"a median of {np.median(ratio):.3g} frames per character; fewer than one in {scarce:,}"
        " recordings",
        "these cannot be learned: use more frames per second" if scarce else "",
    )
