"""Raw tables to images with labels, all of one size, and images to sequences of positions."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.tasks.series_classification.collection import Collection, around, roles_around
from seqlab.tasks.series_classification.settings import ImageOptions

_NAMES = ("image", "images", "pixels", "picture", "photo")
_SHAPES = (2, 3)  # axes of an image, in grey or in colours

Pixels = NDArray[np.uint8]


def recognise(table: Table) -> Confidence:
    """A column of arrays named image, or numbered pixels beside a label."""
    frame = table.frame
    kinds = guess.describe(frame)
    lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
    named = [name for name in lists if guess.normalised(name) in _NAMES]
    if len(named) != 1:
        return Confidence(0.0, "no column of images")
    labelled = any(guess.normalised(str(n)) in ("label", "class") for n in frame.columns)
    first = frame[named[0]].iloc[0]
    if not isinstance(first, np.ndarray) or first.ndim not in _SHAPES:
        return Confidence(0.3, f'"{named[0]}" holds lists, not images')
    size = "×".join(map(str, first.shape[:2]))
    return Confidence(0.9 if labelled else 0.4, f'images of {size} in "{named[0]}"')


def collect(sources: Sources, spec: DataSpec) -> Collection:
    """Images and labels of all given tables."""
    table = sources.joined()
    if not len(table.frame):
        raise UserError(f'"{table.origin}": no rows', "bring images with labels")
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    return collection_of(table, given, ImageOptions.read(spec.options, "options"), training=True)


def collection_of(
    table: Table, given: dict[str, str], options: ImageOptions, *, training: bool
) -> Collection:
    """Checked images of one size."""
    frame, origin = table.frame, table.origin
    column = image_column(table, given)
    beside = [name for name in ("file",) if name in frame.columns]
    names = frame["file"].tolist() if beside else [f"image {row + 1}" for row in range(len(frame))]
    images = [
        _image(cell, f'"{origin}" {name}') for cell, name in zip(frame[column], names, strict=True)
    ]
    images = _of_one_size(images, names, options.size, origin)
    roles = {"image": column} | roles_around(table, given, [column, *beside], training=training)
    held = around(table, roles, names, training=training)
    notes = (*table.notes, *([f"sizes brought to {options.size}"] if options.size else []))
    return Collection(
        images, names, held["labels"], roles, notes, origin, (), held["groups"], held["given"]
    )


def image_column(table: Table, given: dict[str, str]) -> str:
    """The column of images."""
    frame = table.frame
    if "image" in given:
        return guess.named(frame, given["image"], table.origin)
    kinds = guess.describe(frame)
    lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
    named = [name for name in lists if guess.normalised(name) in _NAMES]
    if len(named) == 1 or len(lists) == 1:
        return (named or lists)[0]
    raise UserError(
        f'"{table.origin}": no column of images among {", ".join(map(str, frame.columns))}',
        "expected a folder of images by class, or x of (n, height, width) in an .npz",
    )


def _image(cell: Any, where: str) -> NDArray[Any]:
    try:
        image = np.asarray(cell if isinstance(cell, np.ndarray) and cell.dtype != object
                           else [list(row) for row in cell])  # fmt: skip
    except (ValueError, TypeError):
        image = np.empty(0)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    colours = image.ndim == 3 and image.shape[2] in (3, 4)
    if image.dtype.kind not in "fiub" or not (image.ndim == 2 or colours) or image.size == 0:
        raise UserError(
            f"{where} has the shape {image.shape}",
            "expected (height, width), or (height, width, 3) for colours",
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise UserError(f"{where} has values that are missing or infinite", "expected numbers")
    return image


def _of_one_size(
    images: list[NDArray[Any]], names: list[str], size: int | None, origin: str
) -> list[NDArray[Any]]:
    depths = {image.shape[2:] for image in images}
    if len(depths) > 1:  # some in grey, some in colours
        images = [i if i.ndim == 3 else np.repeat(i[..., None], 3, axis=2) for i in images]
        images = [image[..., :3] for image in images]
    if size is not None:
        from seqlab.data.image_folders import resized

        return [resized(image, size, size) for image in images]
    other = next((row for row, i in enumerate(images) if i.shape != images[0].shape), None)
    if other is not None:
        first, found = ("×".join(map(str, images[row].shape[:2])) for row in (0, other))
        raise UserError(
            f'"{origin}": {names[other]} is {found}, {names[0]} is {first}: images of different'
            " sizes",
            "bring them to one: --set options.size=32",
        )
    return images


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
