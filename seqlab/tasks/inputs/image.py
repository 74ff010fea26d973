"""Images of one size, read as sequences of rows, pixels or patches.

Values are standardised by the training part. `--set options.positions=rows|pixels|patches` says
what a position is, `options.patch` how many pixels a side a patch has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Inputs
from seqlab.tasks.inputs.copies import digest
from seqlab.tasks.inputs.values import ValueInput
from seqlab.tasks.parts import Arrays, ColumnChoice, ColumnRequest

IMAGE_COLUMNS = ("image", "images", "pixels", "picture", "photo")
IMAGE_AXES = (2, 3)  # of an image, in grey or in colours


class ImageOptions(Spec):
    """Settings of images.

    positions: what a position of the sequence is. patch: pixels a side of a patch. size: height
    and width that all images are brought to; None: they have one size already.
    """

    positions: Literal["rows", "pixels", "patches"] = "rows"
    patch: int = Field(4, ge=1)
    size: int | None = Field(None, ge=2)


class Image(ValueInput):
    """One image a row, in grey (height, width) or in colours (height, width, 3 or 4).

    shape: of every image. low, high: the darkest and the lightest value of the training part; mean
    and std: of its values where those are 0 and 1.
    """

    roles = ("image",)
    options_type = ImageOptions
    unit = "image"
    presents_identity = True

    shape: tuple[int, ...]
    low: float
    high: float
    mean: float
    std: float
    options: ImageOptions

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        column = image_column(table, request.named)
        first = table.frame[column].iloc[0]
        columns = {"image": column}
        if guess.normalised(column) not in IMAGE_COLUMNS:
            return ColumnChoice(columns, 0.0, "no column of images")
        if not isinstance(first, np.ndarray) or first.ndim not in IMAGE_AXES:
            return ColumnChoice(columns, 0.3, f'"{column}" holds lists, not images')
        size = "×".join(map(str, first.shape[:2]))
        return ColumnChoice(columns, 0.9, f'images of {size} in "{column}"')

    @classmethod
    def gather(cls, table: Table, choice: ColumnChoice, options: Any) -> Table:
        """Cells as arrays, in colours where some are, and of the size that was asked for.

        A cell that is no image becomes None: it is a flaw of its row.
        """
        column = choice.columns["image"]
        images = [_image(cell) for cell in table.frame[column]]
        depths = {image.shape[2:] for image in images if image is not None}
        if len(depths) > 1:  # some in grey, some in colours, some with transparency
            images = [None if image is None else _in_colours(image)[..., :3] for image in images]
        notes = []
        if options.size is not None:
            from seqlab.data.image_folders import resized

            size = options.size
            images = [None if image is None else resized(image, size, size) for image in images]
            notes.append(f"sizes brought to {size}")
        cells = np.empty(len(images), dtype=object)
        for row, image in enumerate(images):  # one by one: equal shapes would be stacked
            cells[row] = image
        frame = table.frame.assign(**{column: cells})
        return replace(table, frame=frame).noting(notes)

    @classmethod
    def names(cls, table: Table, choice: ColumnChoice) -> list[str]:
        return [f"image {name}" for name in _names(table.frame)]

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """What is no image; images of several sizes are an error, for which to use is not said."""
        cells = table.frame[choice.columns["image"]]
        shapes = {
            cell.shape: row for row, cell in reversed(list(enumerate(cells))) if cell is not None
        }
        if len(shapes) > 1:
            (first, row), (other, second) = sorted(shapes.items(), key=lambda pair: pair[1])[:2]
            names = _names(table.frame)
            raise UserError(
                f'"{table.origin}": image {names[second]} is {_size(other)}, image {names[row]} is'
                f" {_size(first)}: images of different sizes",
                "bring them to one: --set options.size=32",
            )
        return _each_cell(cells, next(iter(shapes), ()))

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """`name`; `image`, the values as they came, (n, height, width[, colours])."""
        images = np.stack(table.frame[choice.columns["image"]].tolist())
        return Examples({"image": images}, cls.identity(table, choice))

    @classmethod
    def identity(cls, table: Table, choice: ColumnChoice) -> pd.DataFrame:
        return pd.DataFrame({"name": _names(table.frame)}, dtype=object)

    @classmethod
    def digests(cls, rows: Examples) -> list[str]:
        return [digest(image) for image in rows.array("image")]

    @classmethod
    def findings(cls, rows: Examples, labels: Sequence[str] | None) -> list[Finding]:
        images = rows.array("image")
        return [Finding("info", f"{len(images):,} images of {_size(images.shape[1:])}")]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """The scale of the training images."""
        images = train.array("image").astype(np.float64)
        low, high = float(images.min()), float(images.max())
        if high <= low:
            raise UserError(f"all pixels of the training images are {low:g}", "bring other images")
        share = (images - low) / (high - low)
        return cls(
            columns=choice.columns,
            shape=tuple(images.shape[1:]),
            low=low,
            high=high,
            mean=float(share.mean()),
            std=max(float(share.std()), 1e-6),
            options=options,
        )

    # -- learned -------------------------------------------------------------------------------

    def choice_for(self, table: Table) -> ColumnChoice:
        """As in training; images may stand in a column of another name."""
        named = {n: c for n, c in self.columns.items() if c in table.frame.columns}
        return ColumnChoice({"image": image_column(table, named)}, 1.0, "as in training")

    def gathered(self, table: Table, choice: ColumnChoice) -> Table:
        return self.gather(table, choice, self.options)

    def unreadable(self, table: Table, choice: ColumnChoice) -> pd.Series:
        return _each_cell(table.frame[choice.columns["image"]], self.shape)

    def encode(self, rows: Examples) -> Arrays:
        """`pixels`: 256 levels from the darkest to the lightest of training."""
        share = (rows.array("image").astype(np.float64) - self.low) / (self.high - self.low)
        return {"pixels": np.round(255 * share.clip(0, 1)).astype(np.uint8)}

    @property
    def inputs(self) -> Inputs:
        """Positions of one number."""
        H, W, C = (*self.shape, 1)[:3]
        empty = np.zeros((1, H, W, C), dtype=np.float32)
        _, length, features = as_positions(empty, self.options.positions, self.options.patch).shape
        return Inputs("values", features, length, length)

    def lengths(self, examples: Examples) -> NDArray[np.int64]:
        return np.full(len(examples), self.inputs.length)

    def sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], None]:
        x = self._standard(examples.array("pixels")[rows])
        return as_positions(x, self.options.positions, self.options.patch), None

    def _standard(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        x = (pixels.astype(np.float32) / 255 - self.mean) / self.std
        return np.asarray(x if x.ndim == 4 else x[..., None], dtype=np.float32)  # (B, H, W, C)

    def vectors(self, examples: Examples) -> list[NDArray[np.float32]]:
        """Standard values of each image, row by row, as baselines read them."""
        return list(as_positions(self._standard(examples.array("pixels")), "rows", 1))

    def presented(self, examples: Examples) -> dict[str, Any]:
        return {"image": examples.frame["name"].to_numpy()}

    def shown(self, examples: Examples, row: int) -> str:
        return f"image {examples.frame['name'].iloc[row]}"

    def item(self, examples: Examples, row: int) -> dict[str, Any]:
        """The image itself."""
        return {"pixels": np.round(examples.array("pixels")[row] / 255, 3).tolist()}

    def card(self, train: Examples) -> dict[str, Any]:
        return {"image_shape": list(self.shape), "positions": self.options.positions}


def image_column(table: Table, given: Mapping[str, str]) -> str:
    """The column of images."""
    frame = table.frame
    if "image" in given:
        return guess.named(frame, given["image"], table.origin)
    kinds = guess.describe(frame)
    lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
    named = [name for name in lists if guess.normalised(name) in IMAGE_COLUMNS]
    if len(named) == 1 or len(lists) == 1:
        return (named or lists)[0]
    raise UserError(
        f'"{table.origin}": no column of images among {guess.listed_columns(frame)}',
        "expected a folder of images by class, or x of (n, height, width) in an .npz",
    )


def _names(frame: pd.DataFrame) -> list[str]:
    """The files, or numbers from 1."""
    if "file" in frame.columns:
        return [str(name) for name in frame["file"]]
    return [str(number) for number in range(1, len(frame) + 1)]


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape[:2]))


def _each_cell(cells: pd.Series, shape: tuple[int, ...]) -> pd.Series:
    """Why each cell is no image of a shape."""

    def why(cell: Any) -> str:
        if cell is None:
            return "no image: expected numbers, (height, width) or (height, width, colours)"
        if cell.shape != shape:
            return f"an image of {_size(cell.shape)}, expected {_size(shape)}"
        if cell.dtype.kind == "f" and not np.isfinite(cell).all():
            return "an image with missing or infinite values"
        return ""

    return pd.Series([why(cell) for cell in cells], cells.index, dtype=object)


def _image(cell: Any) -> NDArray[Any] | None:
    """A cell as (height, width) or (height, width, colours); None where it is no image."""
    ready = isinstance(cell, np.ndarray) and cell.dtype != object
    try:
        image = np.asarray(cell if ready else [list(row) for row in cell])
    except (ValueError, TypeError):
        return None
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    colours = image.ndim == 3 and image.shape[2] in (3, 4)
    usable = image.dtype.kind in "fiub" and (image.ndim == 2 or colours) and image.size > 0
    return image if usable else None


def _in_colours(image: NDArray[Any]) -> NDArray[Any]:
    """A grey image as one of three colours, so that it can stand among others."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def as_positions(
    x: NDArray[np.float32], kind: Literal["rows", "pixels", "patches"], patch: int
) -> NDArray[np.float32]:
    """Images (B, H, W, channels) as sequences (B, positions, features), row by row."""
    B, H, W, C = x.shape
    if kind == "rows":
        return x.reshape(B, H, W * C)
    if kind == "pixels":
        return x.reshape(B, H * W, C)
    rows, columns = -(-H // patch), -(-W // patch)
    whole = np.zeros((B, rows * patch, columns * patch, C), dtype=np.float32)
    whole[:, :H, :W] = x
    cut = whole.reshape(B, rows, patch, columns, patch, C).transpose(0, 1, 3, 2, 4, 5)
    return np.ascontiguousarray(cut).reshape(B, rows * columns, patch * patch * C)
