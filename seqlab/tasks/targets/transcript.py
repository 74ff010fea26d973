"""What is said in a recording, character by character, without an alignment (CTC)."""

from __future__ import annotations

from collections import defaultdict
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
from seqlab.metrics.base import metrics_of, primary_first
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.inputs.source_text import strangers
from seqlab.tasks.inputs.vocabulary import learn
from seqlab.tasks.parts import ColumnChoice, ColumnRequest
from seqlab.tasks.targets.strings import Strings

BLANK = 0
LOG_OF_ZERO = float("-inf")

Floats = NDArray[np.floating]
Ids = NDArray[np.int32]


def greedy(log_probabilities: Floats) -> Ids:
    """The text of the best path: log-probabilities (T, C) → ids."""
    path = log_probabilities.argmax(axis=1)
    first = np.concatenate(([True], path[1:] != path[:-1]))
    return path[first & (path != BLANK)].astype(np.int32)


def prefix_beam(log_probabilities: Floats, beam: int) -> Ids:
    """The most probable text over all its paths, as far as `beam` beginnings tell.

    A text has many paths of characters and blanks, one a frame, that give it once repetitions are
    merged and blanks left out. Those of each beginning are added up, apart by whether they end in
    a blank:

        p_b(y, t)  = p(blank | t) · (p_b(y, t−1) + p_n(y, t−1))
        p_n(y, t)  = p(c | t) · (p_n(y, t−1) + p_b(y', t−1) + [c ≠ last of y'] p_n(y', t−1))

    for y = y' c. Graves et al. (2006), Connectionist temporal classification; the search is that of
    Hannun et al. (2014), arXiv:1408.2873, without a language model.
    """
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, LOG_OF_ZERO)}
    for frame in np.asarray(log_probabilities, dtype=np.float64):
        grown: dict[tuple[int, ...], list[float]] = defaultdict(lambda: [LOG_OF_ZERO, LOG_OF_ZERO])
        # Characters that are not among the likeliest of a frame could not enter the beam.
        likely = np.argsort(-frame)[: beam + 1]
        for text, (blank, sound) in beams.items():
            whole = np.logaddexp(blank, sound)
            for character in likely.tolist():
                p = float(frame[character])
                if character == BLANK:
                    _add(grown[text], 0, whole + p)
                elif text and character == text[-1]:
                    _add(grown[text], 1, sound + p)
                    _add(grown[(*text, character)], 1, blank + p)
                else:
                    _add(grown[(*text, character)], 1, whole + p)
        best = sorted(grown.items(), key=lambda item: -float(np.logaddexp(item[1][0], item[1][1])))
        beams = {text: (blank, sound) for text, (blank, sound) in best[:beam]}
    return np.array(next(iter(beams)), dtype=np.int32)


def _add(scores: list[float], place: int, value: float) -> None:
    scores[place] = float(np.logaddexp(scores[place], value))


def frames_needed(ids: Ids) -> int:
    """The fewest frames that can say a text: a blank has to part what repeats."""
    return len(ids) + int((ids[1:] == ids[:-1]).sum())


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
        column = text_column(table.frame)
        return [] if column is None or "text" in request.named else [column]

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
            metrics=primary_first(spec.metric, metrics_of("transcribe", METRICS)),
            beam=options.beam,
        )
        return learned.with_vocabulary(learn(texts, "character", spec.vocabulary))

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
