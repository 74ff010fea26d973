"""Folders of images: one subfolder a class, perhaps inside folders named train, valid and test."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.folders import join_splits, split_of
from seqlab.data.formats import is_documentation, raw_bytes
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.errors import UserError

# Pillow opens whatever a file turns out to be unless the formats are named, and runs another
# program, Ghostscript, on some.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")

MOST_PIXELS = 100_000_000  # of an image: a small file can claim any number

Pixels = NDArray[np.uint8]


def read_image_folder(folder: Path) -> Table | None:
    """Columns `image`, (height, width) or (height, width, 3) of 0 … 255, `label`, `file`; or None.

    A folder of images without subfolders has no labels: images to be predicted.
    """
    entries = [path for path in sorted(folder.iterdir()) if not is_documentation(path.name)]
    folders = [path for path in entries if path.is_dir()]
    if not folders:
        images = [path for path in entries if path.suffix.lower() in ENDINGS]
        return _unlabelled(images, folder) if images and len(images) == len(entries) else None
    parts = {split_of(path.name): path for path in folders}
    if "train" in parts and None not in parts and len(parts) == len(folders) > 1:
        tables = {str(part): _classes(path) for part, path in parts.items()}
        found = {part: table for part, table in tables.items() if table is not None}
        return join_splits(found, str(folder)) if len(found) == len(tables) else None
    return _classes(folder)


def _classes(folder: Path) -> Table | None:
    """One subfolder a class, if more than half of what they hold is images."""
    named = [
        (path, sub.name)
        for sub in sorted(folder.iterdir())
        if sub.is_dir() and not is_documentation(sub.name)
        for path in sorted(sub.iterdir())
        if not is_documentation(path.name)
    ]
    images = [(path, name) for path, name in named if path.suffix.lower() in ENDINGS]
    if not images or 2 * len(images) <= len(named):
        return None
    classes = {name for _, name in images}
    notes = [f"{len(classes)} folders, one a class: {len(images):,} images"]
    others = [f"{name}/{path.name}" for path, name in named if (path, name) not in set(images)]
    if others:
        notes.append(f"{len(others):,} files left out that are no images: {', '.join(others[:5])}")
    frame = _frame([path for path, _ in images], folder)
    return Table(frame.assign(label=[name for _, name in images]), str(folder), tuple(notes))


def _unlabelled(images: list[Path], folder: Path) -> Table:
    return Table(_frame(images, folder), str(folder), (f"{len(images):,} images without labels",))


def _frame(paths: list[Path], folder: Path) -> pd.DataFrame:
    files = [path.relative_to(folder).as_posix() for path in paths]
    cells = series_column([_read(path) for path in paths])
    return pd.DataFrame({"image": cells, "file": files})


def read_image(content: bytes, origin: str) -> Table:
    """A single image file as a table of one row."""
    cells = series_column([_decoded(content, origin)])
    return Table(pd.DataFrame({"image": cells, "file": [Path(origin).name]}), origin)


def _read(path: Path) -> Pixels:
    return _decoded(raw_bytes(path), str(path))


def _decoded(content: bytes, origin: str) -> Pixels:
    image_of = _pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes, which are judged here
            image = image_of.open(io.BytesIO(content), formats=FORMATS)
        with image:
            _require_pixels(image.size, origin)
            if image.mode.startswith("I"):  # 65,536 levels of grey
                return (np.asarray(image, dtype=np.int64) >> 8).astype(np.uint8)
            grey = image.mode in ("1", "L", "LA")
            return np.asarray(image.convert("L" if grey else "RGB"))
    except image_of.DecompressionBombError:  # Pillow's own bound, which is higher
        raise _too_many_pixels(origin) from None
    except (UserError, MemoryError):
        raise
    except Exception as error:  # a decoder raises whatever it stumbles on in a damaged file
        raise UserError(
            f'"{origin}" is not a readable image',
            f"remove it or save it again; accepted: {', '.join(FORMATS)}",
        ) from error


def _require_pixels(size: tuple[int, int], origin: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise _too_many_pixels(origin)


def _too_many_pixels(origin: str) -> UserError:
    return UserError(
        f'"{origin}" claims more than {MOST_PIXELS:,} pixels and was not read', "scale it down"
    )


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise UserError(
            "images are read by Pillow, which is not installed", 'pip install "seqlab[images]"'
        ) from None
    return Image


def resized(pixels: NDArray[Any], height: int, width: int) -> Pixels:
    """An image of bytes at another size (bilinear, antialiased)."""
    image = _pillow().fromarray(np.asarray(pixels, dtype=np.uint8))
    return np.asarray(image.resize((width, height), 2))
