"""What was learned from the training part: vocabularies, limits, and how strings are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.tokens import UNKNOWN
from seqlab.runs import read_json, write_json
from seqlab.specs import Spec
from seqlab.tasks.translation.vocabulary import Vocabulary

SPARE = 5  # tokens that a target may have beyond what its source suggests


class TranslateOptions(Spec):
    """How strings are cut and written.

    source_tokens, target_tokens: None: told from the training part.
    source_vocabulary, target_vocabulary: the most pieces; None: by the size of the training part.
    beam: 1 takes the most probable token each time. length_penalty: α of beam search.
    validation_pairs: the most pairs that an evaluation during training translates.
    """

    source_tokens: Literal["character", "word", "bpe"] | None = None
    target_tokens: Literal["character", "word", "bpe"] | None = None
    source_vocabulary: int | None = Field(None, ge=4)
    target_vocabulary: int | None = Field(None, ge=4)
    beam: int = Field(1, ge=1)
    length_penalty: float = 1.0
    validation_pairs: int = Field(1000, ge=1)


class Limits(Spec):
    """The most tokens of a source and of a target (its end not counted).

    growth: how many target tokens a source token gives at most; a target is no longer than that
    and a few more.
    """

    source: int
    target: int
    growth: float

    def written(self, source_tokens: int) -> int:
        """The most tokens to write for a source, the end included."""
        return 1 + min(self.target, int(self.growth * source_tokens) + SPARE)


class Settings(Spec):
    """What is stored of a fitted translation but for its vocabularies."""

    columns: dict[str, str]
    metrics: tuple[str, ...]
    limits: Limits
    options: TranslateOptions


@dataclass(frozen=True)
class Fitted:
    """Settings and both vocabularies."""

    settings: Settings
    source: Vocabulary
    target: Vocabulary

    def encode(self, sources: Sequence[str], targets: Sequence[str | None]) -> Examples:
        """Ids of sources and targets; a target that is not known has none.

        A source that is too long is cut; one that says nothing is a single unknown token.
        """
        limits = self.settings.limits
        read: list[Array] = [
            ids[: limits.source] if len(ids) else np.full(1, UNKNOWN, dtype=np.int32)
            for ids in self.source.encode(sources)
        ]
        wanted: list[Array] = list(self.target.encode([text or "" for text in targets]))
        frame = pd.DataFrame({"source": list(sources), "target": list(targets)}, dtype=object)
        return Examples({"source": Ragged.of(read), "target": Ragged.of(wanted)}, frame)

    def save(self, folder: Path) -> None:
        """`task.json`, `source.json` and `target.json`."""
        self.source.save(folder / "source.json")
        self.target.save(folder / "target.json")
        write_json(folder / "task.json", self.settings.plain())

    @classmethod
    def load(cls, folder: Path) -> Fitted:
        """Read what `save` wrote."""
        stored = Settings.read(read_json(folder / "task.json"), str(folder / "task.json"))
        sides = (Vocabulary.load(folder / f"{side}.json") for side in ("source", "target"))
        return cls(stored, *sides)
