"""What was learned from the training part: characters, the scale of channels, how frames go in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from seqlab.data.examples import Array, Examples, Ragged, Rows
from seqlab.data.splits import PARTS, Splits
from seqlab.errors import UserError, unknown
from seqlab.runs import read_json, write_json
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.rows import named_texts as named
from seqlab.tasks.transcription.ctc import frames_needed
from seqlab.tasks.transcription.recordings import Frames, Recordings
from seqlab.tasks.translation.vocabulary import Vocabulary, learn

METRICS = ("character-error-rate", "token-error-rate", "sequence-match")
MOST_STACKED = 4
ROOM = 2  # steps for a character, that stacking leaves to every training text


class TranscribeOptions(Spec):
    """How frames are read and texts written.

    stack: frames that make one step; None: as many as leave two steps for a character, 4 at most.
    beam: 1 takes the best path.
    """

    stack: int | None = Field(None, ge=1)
    beam: int = Field(1, ge=1)


class Settings(Spec):
    """What is stored but for the characters."""

    columns: dict[str, str]
    metrics: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    stack: int
    longest: int  # steps
    beam: int = 1


@dataclass(frozen=True)
class Fitted:
    """Settings, and the characters of texts."""

    settings: Settings
    characters: Vocabulary

    @property
    def features(self) -> int:
        """Numbers that a step reads."""
        return len(self.settings.mean) * self.settings.stack

    def encode(self, frames: Sequence[Frames], texts: Sequence[str | None]) -> Examples:
        """Steps (T', features) on the training part's scale, and the characters of texts."""
        steps: list[Array] = [self._steps(one) for one in frames]
        wanted: list[Array] = list(self.characters.encode([text or "" for text in texts]))
        names = [f"recording {row + 1}, {len(one):,} frames" for row, one in enumerate(frames)]
        frame = pd.DataFrame({"recording": names, "target": list(texts)}, dtype=object)
        return Examples({"steps": Ragged.of(steps), "target": Ragged.of(wanted)}, frame)

    def _steps(self, frames: Frames) -> Array:
        settings = self.settings
        if frames.shape[1] != len(settings.mean):
            raise UserError(
                f"a recording has {frames.shape[1]} channels, the model reads {len(settings.mean)}",
                "bring frames made as those it was trained on",
            )
        x = (frames - np.asarray(settings.mean)) / np.asarray(settings.std)
        missing = -len(x) % settings.stack
        x = np.pad(np.nan_to_num(x), ((0, missing), (0, 0))).astype(np.float32)
        return x.reshape(-1, settings.stack * x.shape[1])

    def save(self, folder: Path) -> None:
        """`task.json` and `characters.json`."""
        self.characters.save(folder / "characters.json")
        write_json(folder / "task.json", self.settings.plain())

    @classmethod
    def load(cls, folder: Path) -> Fitted:
        """Read what `save` wrote."""
        stored = Settings.read(read_json(folder / "task.json"), str(folder / "task.json"))
        return cls(stored, Vocabulary.load(folder / "characters.json"))


def fit_and_encode(
    data: Recordings, splits: Splits, spec: DataSpec
) -> tuple[Fitted, list[Examples], dict[str, Any]]:
    """The fitted state, the parts, and the data card."""
    options = TranscribeOptions.read(spec.options, "options")
    rows = {part: getattr(splits, part) for part in PARTS}
    notes = [*data.notes, *splits.notes]
    characters = learn([data.texts[row] for row in rows["train"]], "character", spec.vocabulary)
    needed = np.array([frames_needed(ids) for ids in characters.encode(data.texts)])
    frames = np.array([len(one) for one in data.frames])
    fits = frames[rows["train"]] >= needed[rows["train"]]
    if not fits.any():
        raise UserError(
            f'"{data.origin}": every training text is longer than its recording has frames',
            "transcription writes one character a frame at most: bring more frames a second",
        )
    if not fits.all():
        spoken = named([data.texts[row] for row in rows["train"][~fits]])
        notes.append(
            f"{int((~fits).sum()):,} training recordings left out: fewer frames than characters"
            f" {spoken}"
        )
        rows["train"] = rows["train"][fits]
    taught = rows["train"]
    stack = options.stack or _stack(frames[taught], needed[taught])
    every = np.concatenate([data.frames[row] for row in taught]).astype(np.float64)
    std = np.nanstd(every, axis=0)
    fitted = Fitted(
        Settings(
            columns=data.columns,
            metrics=_metrics(spec.metric),
            mean=tuple(np.nan_to_num(np.nanmean(every, axis=0)).tolist()),
            std=tuple(np.where(std > 0, std, 1.0).tolist()),
            stack=stack,
            longest=int(-(-frames.max() // stack)),
            beam=options.beam,
        ),
        characters,
    )
    cannot = int((-(-frames[rows["test"]] // stack) < needed[rows["test"]]).sum())
    if cannot:
        notes.append(f"test: {cannot:,} recordings have fewer steps than characters")
    strange = characters.unknown(data.texts[row] for row in rows["test"])
    if strange:
        listed = ", ".join(f'"{piece}"' for piece, _ in strange.most_common(5))
        notes.append(f"test: {sum(strange.values()):,} characters not in training: {listed}")
    parts = [
        fitted.encode([data.frames[r] for r in rows[part]], [data.texts[r] for r in rows[part]])
        for part in PARTS
    ]
    card = {
        "parts": {part: len(rows[part]) for part in PARTS},
        "split": splits.how,
        "columns": data.columns,
        "notes": notes,
        "channels": len(fitted.settings.mean),
        "frames_a_step": stack,
        "characters": len(characters.pieces),
    }
    return fitted, parts, card


def _stack(frames: Rows, needed: Rows) -> int:
    for stack in range(MOST_STACKED, 1, -1):
        if (frames // stack >= ROOM * needed).all():
            return stack
    return 1


def _metrics(asked: str | None) -> tuple[str, ...]:
    if asked is not None and asked not in METRICS:
        raise unknown("metric of transcribe", asked, METRICS)
    return METRICS if asked is None else (asked, *(name for name in METRICS if name != asked))
