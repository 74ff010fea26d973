"""A checkpoint's folder, held to what it may be before any of it is believed.

    config.json                        what the network is; never code of its own (`auto_map`)
    model.safetensors                  its weights, or several files with an index; never pickle
    tokenizer.json                     how it reads text; or what transformers can make one of

Names of the catalogue stand for the folder of an installed package; all else is a path.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from seqlab.errors import UserError, unknown
from seqlab.outside import parse_json, read_bytes
from seqlab.pretrained.catalogue import ENTRIES
from seqlab.tensors import tensor_shapes

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
CONVERT = "convert it where you trust it: model.save_pretrained(folder, safe_serialization=True)"
MOST_FILES = 1000  # that an index may name


def located(name: str) -> Path:
    """The folder of a checkpoint by its path, or by its name in the catalogue."""
    if name in ENTRIES:
        folder = ENTRIES[name].folder
        if folder is None:
            raise UserError(f'"{name}" is not installed', ENTRIES[name].command)
        return folder
    folder = Path(name).expanduser()
    if not folder.exists() and not {"/", "\\"} & set(name):
        raise unknown("pre-trained model", name, [*ENTRIES, "the path of a folder"])
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "no such folder"
        raise UserError(f"{folder}: {what}", f"expected a folder with {CONFIG} and {WEIGHTS}")
    return folder.resolve()


def config_of(folder: Path) -> dict[str, Any]:
    """`config.json`; code that would come with a checkpoint is refused."""
    config = read_object(folder / CONFIG)
    for path in (folder / CONFIG, folder / "tokenizer_config.json"):
        if path.exists() and "auto_map" in read_object(path):
            raise UserError(
                f'{path}: "auto_map" asks for code of its own, which is never run',
                "accepted: architectures that transformers knows",
            )
    if not isinstance(config.get("model_type"), str):
        raise UserError(f"{folder / CONFIG}: does not say model_type", "is it a whole checkpoint?")
    return config


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of a checkpoint."""
    try:
        value = parse_json(read_bytes(path))
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file", f"expected a folder with {CONFIG} and {WEIGHTS}"
        ) from None
    except ValueError as error:
        raise UserError(f"{path}: damaged, {error}", "copy the whole folder again") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: damaged, not an object", "copy the whole folder again")
    return value


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint; pickles are refused."""
    if (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    if (folder / INDEX).exists():
        places = read_object(folder / INDEX).get("weight_map")
        names = set(places.values()) if isinstance(places, dict) else set()
        plain = all(isinstance(name, str) and Path(name).name == name for name in names)
        if not names or not plain or len(names) > MOST_FILES:
            raise UserError(f"{folder / INDEX}: names no files in this folder", CONVERT)
        return [folder / name for name in sorted(names)]
    pickled = sorted(path.name for kind in PICKLES for path in folder.glob(kind))
    if pickled:
        raise UserError(
            f"{folder / pickled[0]}: weights as pickle only, which can run code when it is read",
            CONVERT,
        )
    raise UserError(f"{folder}: holds no weights", f"expected {WEIGHTS}")


def shapes_of(folder: Path) -> dict[str, tuple[int, ...]]:
    """Every tensor's shape, from the headers alone, which are held against their files' sizes."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path in weight_files(folder):
        shapes |= tensor_shapes(path)
    return shapes


def digest_of_checkpoint(folder: Path) -> str:
    """Sixteen hexadecimal digits that stand for network, weights and tokenizer."""
    paths = [folder / CONFIG, *weight_files(folder)]
    paths += [folder / TOKENIZER] if (folder / TOKENIZER).exists() else []
    known = [_file_digest(path, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return hashlib.sha256("/".join(known).encode()).hexdigest()[:16]


# Size and time are not read but tell one content of a file from the next.
@lru_cache(maxsize=64)
def _file_digest(path: Path, size: int, time: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def longest_input(name: str, folder: Path, config: dict[str, Any]) -> int:
    """The most tokens that it is to be given: what it was made for, if that is known."""
    if name in ENTRIES:
        return ENTRIES[name].longest
    limits: list[Any] = [config.get("max_position_embeddings"), config.get("n_positions")]
    for file, key in (
        ("sentence_bert_config.json", "max_seq_length"),
        ("tokenizer_config.json", "model_max_length"),
    ):
        limits += [read_object(folder / file).get(key)] if (folder / file).exists() else []
    known = [limit for limit in limits if isinstance(limit, int | float) and limit >= 1]
    return int(min([*known, 4096]))


def as_text(config: dict[str, Any]) -> str:
    """For a file."""
    return json.dumps(config, indent=1, sort_keys=True)
