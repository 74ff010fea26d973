"""Encoded examples: arrays to train on, rows to show, and the blocks that statistics count."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

MAPPED = ".mapped.npy"  # how the files of large arrays end
MAPPED_BYTES = 16 * 2**20  # from which on an array is not read into memory
Array = NDArray[np.generic]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Sequences of unequal length, end to end: row i is values[offsets[i]:offsets[i + 1]]."""

    values: Array
    offsets: Rows

    @classmethod
    def of(cls, sequences: list[Array]) -> Ragged:
        """From a list of arrays that agree in all but their first dimension."""
        lengths = np.fromiter((len(s) for s in sequences), dtype=np.int64, count=len(sequences))
        return cls(np.concatenate(sequences), np.concatenate(([0], lengths.cumsum())))

    @classmethod
    def joined(cls, parts: list[Ragged]) -> Ragged:
        """Parts one after the other."""
        lengths = np.concatenate([part.lengths for part in parts])
        values = np.concatenate([part.values for part in parts])
        return cls(values, np.concatenate(([0], lengths.cumsum())))

    @property
    def lengths(self) -> Rows:
        """The length of each sequence."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> Array:
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def take(self, rows: Rows) -> Ragged:
        """The given rows, in the given order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate(([0], lengths.cumsum()))
        source = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Ragged(self.values[source], offsets)

    def padded(self, rows: Rows) -> tuple[Array, NDArray[np.bool_]]:
        """Rows padded with zeros to the longest of them, and the mask of what is real."""
        lengths = self.lengths[rows]
        mask = np.arange(max(int(lengths.max()), 1)) < lengths[:, None]  # (B, T)
        out = np.zeros(mask.shape + self.values.shape[1:], dtype=self.values.dtype)
        source = np.arange(int(lengths.sum()))
        source += np.repeat(
            self.offsets[rows] - np.concatenate(([0], lengths.cumsum()[:-1])), lengths
        )
        out[mask] = self.values[source]
        return out, mask


@dataclass(frozen=True)
class Examples:
    """One part of a task's data (training, validation, test), encoded.

    arrays  examples first: arrays or ragged sequences
    shared  arrays that all examples index into (a panel of series, say)
    frame   what to show of each example, examples first
    blocks  a block number per example where examples are not independent (overlapping forecast
            windows), so that statistics count blocks; None: every example is its own
    """

    arrays: dict[str, Array | Ragged]
    frame: pd.DataFrame
    shared: dict[str, Array] = field(default_factory=dict)
    blocks: Rows | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def array(self, name: str) -> NDArray[Any]:
        """An array with a row for each example."""
        value = self.arrays[name]
        assert isinstance(value, np.ndarray), f"{name} holds sequences of unequal length"
        return value

    def ragged(self, name: str) -> Ragged:
        """Sequences of unequal length, one for each example."""
        value = self.arrays[name]
        assert isinstance(value, Ragged), f"{name} is an array"
        return value

    def take(self, rows: Rows) -> Examples:
        """The given rows, in the given order."""
        return Examples(
            {k: v.take(rows) if isinstance(v, Ragged) else v[rows] for k, v in self.arrays.items()},
            self.frame.iloc[rows].reset_index(drop=True),
            self.shared,
            None if self.blocks is None else self.blocks[rows],
        )

    @classmethod
    def joined(cls, parts: list[Examples]) -> Examples:
        """Parts of one task's data, one after the other."""
        arrays: dict[str, Array | Ragged] = {}
        for name, first in parts[0].arrays.items():
            values = [part.arrays[name] for part in parts]
            if isinstance(first, Ragged):
                arrays[name] = Ragged.joined([v for v in values if isinstance(v, Ragged)])
            else:
                arrays[name] = np.concatenate([np.asarray(v) for v in values])
        frame = pd.concat([part.frame for part in parts], ignore_index=True)
        return cls(arrays, frame, parts[0].shared)

    def save(self, folder: Path) -> None:
        """Write the arrays (npz, large ones apart) and the frame (Parquet) into an own folder."""
        folder.mkdir(parents=True, exist_ok=True)
        plain: dict[str, Array] = {}
        for name, value in self.arrays.items():
            if isinstance(value, Ragged):
                plain[f"ragged:{name}:values"] = value.values
                plain[f"ragged:{name}:offsets"] = value.offsets
            else:
                plain[f"array:{name}"] = value
        plain |= {f"shared:{name}": value for name, value in self.shared.items()}
        if self.blocks is not None:
            plain["blocks"] = self.blocks
        for path in folder.glob(f"*{MAPPED}"):
            path.unlink()
        large = {name: value for name, value in plain.items() if value.nbytes >= MAPPED_BYTES}
        for number, (name, value) in enumerate(large.items()):
            np.save(folder / f"{number}{MAPPED}", value, allow_pickle=False)
            plain.pop(name)
        np.savez(folder / "arrays.npz", allow_pickle=False, **plain)
        self.frame.to_parquet(folder / "frame.parquet")
        described = {"examples": len(self), "mapped": list(large)}
        (folder / "rows.json").write_text(json.dumps(described))

    @classmethod
    def load(cls, folder: Path) -> Examples:
        """Read what `save` wrote."""
        arrays: dict[str, Array | Ragged] = {}
        shared: dict[str, Array] = {}
        blocks = None
        stored = _stored(folder)
        for key, value in stored.items():
            kind, _, name = key.partition(":")
            if kind == "array":
                arrays[name] = value
            elif kind == "shared":
                shared[name] = value
            elif kind == "blocks":
                blocks = value
            elif name.endswith(":values"):
                name = name.removesuffix(":values")
                arrays[name] = Ragged(value, stored[f"ragged:{name}:offsets"])
        return cls(arrays, _read_frame(folder / "frame.parquet"), shared, blocks)


def _stored(folder: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a part; large ones stay on the disk, and processes share what they read."""
    with np.load(folder / "arrays.npz", allow_pickle=False) as small:
        arrays = dict(small)
    path = folder / "rows.json"
    names = json.loads(path.read_text()).get("mapped", []) if path.exists() else []
    for number, name in enumerate(names):
        mapped = np.load(folder / f"{number}{MAPPED}", mmap_mode="r", allow_pickle=False)
        arrays[name] = mapped.view(np.ndarray)
    return arrays


def _read_frame(path: Path) -> pd.DataFrame:
    """A frame in Parquet, read on this thread.

    Arrow waits for ever, and no signal reaches it, for threads that a bound on memory refuses it.
    """
    with pq.ParquetFile(path, memory_map=True, pre_buffer=False) as file:
        return file.read(use_threads=False).to_pandas(use_threads=False)
