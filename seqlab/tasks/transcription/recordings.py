"""Raw tables to recordings with their texts: which columns hold them, and what cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind, describe
from seqlab.data.splits import Rows, Splits
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.tasks.inputs.series_layouts import Layout, find_layout, one_row_each
from seqlab.tasks.rows import divide, dropped, parts_of
from seqlab.tasks.translation.pairs import as_strings

NAMES = ("text", "texts", "transcript", "transcription", "transcripts", "sentence", "words")
FREE_FORM = 0.5  # from this share of different texts on they are no classes

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class Recordings:
    """Frames (T, channels) of each recording, its text, and what divides them."""

    frames: Sequence[Frames]
    texts: Sequence[str]
    columns: dict[str, str]
    notes: tuple[str, ...]
    origin: str
    groups: Sequence[Any] | None = None
    given: Sequence[str] | None = None

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold; the same text may be in two parts: it is not the input."""
        rows = Rows(len(self.frames), None, None, self.groups, None, self.given)
        return divide(rows, spec, seed, self.origin)


def recognise(table: Table) -> Confidence:
    """Arrays in cells, or channels by id, beside texts of many kinds."""
    frame = table.frame
    text = _text_column(frame)
    if text is None:
        return Confidence(0.0, f"no column of texts: {', '.join(NAMES[:4])}")
    lists = [name for name, kind in describe(frame).items() if kind is ColumnKind.LIST]
    numeric = [
        name for name in lists if np.asarray(frame[name].dropna().iloc[0]).dtype.kind in "fiu"
    ]
    if not numeric:
        return _long(table, text)
    values = frame[text].dropna()
    if values.nunique() < FREE_FORM * len(values):
        return Confidence(0.3, f'the texts of "{text}" repeat: these are classes')
    return Confidence(0.96, f'frames in "{numeric[0]}" and a text for each in "{text}": transcribe')


def _long(table: Table, text: str) -> Confidence:
    nothing = Confidence(0.0, "no recordings")
    try:
        layout = find_layout(table, {}, [text, *_beside(table.frame)])
    except UserError:
        return nothing
    if layout.kind != "long":
        return nothing
    texts = table.frame.groupby(layout.id)[text].nunique()
    free = table.frame[text].nunique() >= FREE_FORM * len(texts)
    if not free or not bool((texts <= 1).all()):
        return nothing
    return Confidence(0.94, f'frames by "{layout.id}" with one "{text}" each: transcribe')


def _text_column(frame: pd.DataFrame) -> str | None:
    by_name = {guess.normalised(str(name)): str(name) for name in frame.columns}
    found = next((by_name[name] for name in NAMES if name in by_name), None)
    if found is None or pd.api.types.is_numeric_dtype(frame[found].dtype):
        return None
    values = frame[found].dropna()
    return found if len(values) and isinstance(values.iloc[0], str) else None


def _beside(frame: pd.DataFrame) -> list[str]:
    groups = guess.aliases("group")
    return [str(n) for n in frame.columns if n == "split" or guess.normalised(str(n)) in groups]


def recordings_of(sources: Sources, spec: DataSpec) -> Recordings:
    """The recordings of all given tables; those without text or frames are left out and listed."""
    table = sources.joined()
    if not len(table.frame):
        raise UserError(f'"{table.origin}": no rows', "bring recordings with their texts")
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    for name in given.values():
        guess.named(table.frame, name, table.origin)
    text = given.get("text") or _text_column(table.frame)
    if text is None:
        held = ", ".join(map(str, table.frame.columns))
        raise UserError(
            f'"{table.origin}": no column of texts among {held}', "name it: --columns text=…"
        )
    rows, layout = _rows(table, given, text)
    frame = rows.frame
    texts = as_strings(frame[text])
    empty = np.array([not one for one in texts])
    short = np.array([len(one) < 1 for one in frame["series"]])
    notes = list(rows.notes)
    for wrong, why in ((empty, "an empty text"), (short & ~empty, "no frames")):
        if wrong.any():
            notes.append(dropped(np.flatnonzero(wrong), why))
    kept = np.flatnonzero(~(empty | short))
    if not len(kept):
        raise UserError(f'"{table.origin}": no recording has both frames and a text')
    taken = frame.iloc[kept]
    columns = {"text": text, **{k: v for k, v in given.items() if k != "text"}}
    found = Recordings(
        [np.asarray(one, dtype=np.float32) for one in taken["series"]],
        [texts[row] for row in kept],
        columns | ({"series": layout.id} if layout.id else {}),
        tuple(notes),
        table.origin,
        taken[given["group"]].tolist() if "group" in given else None,
        parts_of(taken["split"]) if "split" in taken and names_parts(table.frame) else None,
    )
    check(found.frames, found.origin)
    return found


def new_recordings(table: Table, columns: dict[str, str]) -> tuple[list[Frames], list[str | None]]:
    """The frames of new data, and their texts or None where it has none."""
    text = columns["text"]
    given = {k: v for k, v in columns.items() if k in ("series", "time") and v in table.frame}
    rows, _ = _rows(table, given, text)
    frames = [np.asarray(one, dtype=np.float32) for one in rows.frame["series"]]
    check(frames, table.origin)
    if text not in rows.frame:
        return frames, [None] * len(frames)
    return frames, [one or None for one in as_strings(rows.frame[text])]


def _rows(table: Table, given: dict[str, str], text: str) -> tuple[Table, Layout]:
    others = [text, *_beside(table.frame), *(given[r] for r in ("group",) if r in given)]
    others = [name for name in others if name in table.frame.columns]
    layout = find_layout(table, {k: v for k, v in given.items() if k != "text"}, others)
    return one_row_each(table, layout, transpose=False), layout


def check(frames: Sequence[Frames], origin: str) -> None:
    """Channels and values that no model could read."""
    channels = frames[0].shape[1]
    for row, one in enumerate(frames):
        if one.shape[1] != channels:
            raise UserError(
                f'"{origin}" recording {row + 1} has {one.shape[1]} channels, the first {channels}',
                "expected as many channels in every recording",
            )
        if np.isinf(one).any():
            step, channel = np.argwhere(np.isinf(one))[0]
            raise UserError(
                f'"{origin}" recording {row + 1} frame {step + 1} channel {channel + 1}:'
                " infinite value",
                "correct it or leave it empty",
            )
