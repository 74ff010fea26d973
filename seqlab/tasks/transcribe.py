"""Frames to text without an alignment: longer input, shorter string of characters (CTC).

    log-mel frames of someone who says "yes", (96, 40)  →  "yes"

Batches hold steps (B, T, features); the head gives a score for every character and the blank at
every step. Predictions are ragged ids of characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.columns import ColumnKind, aliases, describe, normalised
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.tasks.base import Confidence, DataSpec, Loss, Predictions
from seqlab.tasks.inputs.frames import MOST_STACKED, Frames
from seqlab.tasks.parts import ColumnRequest, Sequences
from seqlab.tasks.row_task import RowTask, TaskState
from seqlab.tasks.rows import StudyRows, quoted
from seqlab.tasks.targets.transcript import BLANK, Transcript, greedy, prefix_beam, text_column

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seqlab.batch import Batch

CARD = {
    "roles": ["text", "series", "time", "group", "split"],
    "settings": ["split", "group", "folds", "vocabulary", "metric"],
    "example": 'log-mel frames of a word → "yes"',
}


FREE_FORM_SHARE = 0.5  # from this share of different texts on they are no classes
STEPS_A_CHARACTER = 2  # that stacking leaves to every training text


@registered
class Transcribe(RowTask):
    """Frames in, ragged ids of characters out."""

    input_types = (Frames,)
    target_type = Transcript
    reader: Frames
    target: Transcript

    train_defaults: Mapping[str, Any] = MappingProxyType({"batch_size": 16, "epochs": 20})

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Arrays, or channels by id, beside texts of many kinds."""
        frame, text = table.frame, text_column(table.frame)
        if text is None:
            return Confidence(0.0, "no column of texts called text or transcript")
        lists = [name for name, kind in describe(frame).items() if kind is ColumnKind.LIST]
        lists = [name for name in lists if normalised(name) not in aliases("label")]
        numeric = [name for name in lists if _holds_numbers(frame[name].dropna().iloc[0])]
        if not numeric:
            return _long(table, text)
        values = frame[text].dropna()
        if values.nunique() < FREE_FORM_SHARE * len(values):
            return Confidence(0.3, f'the texts of "{text}" repeat: these are classes')
        why = f'frames in "{numeric[0]}" and a text for each in "{text}": transcribe'
        return Confidence(0.96, why)

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """A tone for each letter, four frames long."""
        rng = np.random.default_rng(seed)
        words = ["".join(rng.choice(list("abcd"), rng.integers(3, 7))) for _ in range(rows)]
        tones = dict(zip("abcd", np.eye(4, dtype=np.float32), strict=True))
        clean = [np.repeat([tones[letter] for letter in word], 4, axis=0) for word in words]
        frames = [one + rng.normal(0, 0.1, one.shape).astype(np.float32) for one in clean]
        return Table(pd.DataFrame({"series": series_column(frames), "text": words}), "sample")

    @classmethod
    def learn(cls, train: Examples, study: StudyRows, spec: DataSpec) -> Self:
        """Characters, then the scale of recordings that are long enough to say theirs."""
        options = cls.options_of(study.reader, Transcript, spec)
        target = Transcript.learn(train, study.target, spec, options)
        frames = train.ragged("series").lengths
        needed = target.frames_needed(train.frame["target"].tolist())
        fits = frames >= needed
        if not fits.any():
            raise UserError(
                f'"{study.origin}": every training text is longer than its recording has frames',
                "at most one character can be written per frame: use more frames per second",
            )
        own = cls.options_of(study.reader, Frames, spec)
        stacked = own.with_(stack=own.stack or _stack(frames[fits], needed[fits]))
        reader = Frames.learn(train.take(np.flatnonzero(fits)), study.input, spec, stacked)
        state = TaskState(columns=study.columns, reader="Frames", examples=int(fits.sum()))
        return cls(reader, target, state)

    def select(
        self, parts: dict[str, Examples], seed: int
    ) -> tuple[dict[str, Examples], list[str]]:
        """Without training recordings that have fewer frames than characters."""
        train = parts["train"]
        texts = train.frame["target"]
        fits = train.ragged("series").lengths >= self.target.frames_needed(texts.tolist())
        if fits.all():
            return parts, []
        note = (
            f"{int((~fits).sum()):,} training recordings left out: fewer frames than characters"
            f" {quoted(texts[~fits].tolist())}"
        )
        return {**parts, "train": train.take(np.flatnonzero(fits))}, [note]

    # -- fitted, for models --------------------------------------------------------------------

    def head(self, width: int) -> nn.Module:
        """Scores of the blank, the unknown and every character."""
        from torch import nn

        return nn.Linear(width, self.target.vocabulary.end)

    def batch(self, examples: Examples, read: Sequences, wanted: NDArray[Any] | Ragged) -> Batch:
        """Recordings with their texts, how many steps they have and how many characters."""
        import torch

        texts, known = examples.ragged("target").padded(read.rows)
        steps = torch.from_numpy(self.reader.lengths(examples)[read.rows])
        extra = {"steps": steps, "characters": torch.from_numpy(known.sum(axis=1))}
        batch = super().batch(examples, read, wanted)
        # Padding is the blank here, which CTC may not take for a text's character.
        return replace(batch, targets=torch.from_numpy(texts).long(), extra=extra)

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """−log of the summed probability of all alignments, per character."""
        from torch.nn import functional as F

        scores: Tensor = model(batch.inputs, batch.context)
        assert batch.targets is not None
        characters = batch.extra["characters"]
        value = F.ctc_loss(
            scores.log_softmax(dim=-1).transpose(0, 1),  # (T, B, C)
            batch.targets,
            batch.extra["steps"],
            characters,
            blank=BLANK,
            zero_infinity=True,  # a text that stacking left too few steps
        )
        return Loss(value, float(characters.sum()))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """The characters of each recording."""
        scores = model(batch.inputs, batch.context).log_softmax(dim=-1).cpu().numpy()
        lengths = batch.extra["steps"].tolist()
        beam = self.target.beam
        texts: list[Array] = [
            greedy(one[:length]) if beam == 1 else prefix_beam(one[:length], beam)
            for one, length in zip(scores, lengths, strict=True)
        ]
        return Ragged.of(texts)

    # -- fitted, for people --------------------------------------------------------------------

    def texts(self, predictions: Predictions) -> list[str]:
        """Predictions as strings."""
        return self.target.texts(predictions)


def _long(table: Table, text: str) -> Confidence:
    """Frames by id, each recording with one text."""
    nothing = Confidence(0.0, "no recordings")
    try:
        layout = Frames.find(table, ColumnRequest({}, [text])).layout
    except UserError:
        return nothing
    if layout.kind != "long":
        return nothing
    texts = table.frame.groupby(layout.id)[text].nunique()
    free = table.frame[text].nunique() >= FREE_FORM_SHARE * len(texts)
    if not free or not bool((texts <= 1).all()):
        return nothing
    return Confidence(0.94, f'frames by "{layout.id}" with one "{text}" each: transcribe')


def _holds_numbers(cell: Any) -> bool:
    try:
        return np.asarray(cell).dtype.kind in "fiu"
    except ValueError:  # lists of several lengths
        return False


def _stack(frames: NDArray[np.int64], needed: NDArray[np.int64]) -> int:
    for stack in range(MOST_STACKED, 1, -1):
        if (frames // stack >= STEPS_A_CHARACTER * needed).all():
            return stack
    return 1
