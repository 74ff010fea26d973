"""A checkpoint's network by transformers, its weights checked one by one.

A tensor that is missing is made up by the library, and one too many is left out, both in silence:
here each is an error, except of heads, which are made anew for the task.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from seqlab.errors import UserError, out_of_memory
from seqlab.model.outline import TooManyPartsError, at_most, outlined
from seqlab.pretrained.checkpoint import config_of, shapes_of
from seqlab.pretrained.libraries import transformers

MOST_PARTS_A_TENSOR = 64  # modules and parameters of a network, per tensor that is stored of it
MOST_NUMBERS = 4  # of a network, per number that is stored of it
SPARE_NUMBERS = 2**20  # beyond that
WHOLE = "copy the whole folder again"

R = TypeVar("R")


def load_network(folder: Path) -> nn.Module:
    """The network below a checkpoint's head, with its weights, in float32, in evaluation mode."""
    config = config_of(folder)
    shapes = shapes_of(folder)
    numbers = sum(math.prod(shape) for shape in shapes.values())
    _refuse_too_large(folder, numbers)
    _check_outline(folder, config, len(shapes), numbers)
    library = transformers()
    kind = _kind(library, config)
    network, said = _tried(
        folder,
        lambda: kind.from_pretrained(
            str(folder),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are told, and then refused below
            dtype=torch.float32,
        ),
    )
    _check_loaded(folder, network, {name: list(values) for name, values in said.items()})
    finite = all(bool(torch.isfinite(p).all()) for p in network.parameters())
    if not finite:
        raise UserError(f"{folder}: weights that are no numbers", WHOLE)
    return network.eval()


def outline_network(config: dict[str, Any], described: Path) -> nn.Module:
    """The network that a config describes, its weights by chance, or none on the meta device.

    `described` is what errors call the folder that it is from.
    """
    library = transformers()
    kind, name = _kind(library, config), str(config.get("model_type"))
    if name not in library.CONFIG_MAPPING:
        raise UserError(
            f'{described}: transformers knows no architecture "{name}"',
            "accepted: checkpoints of its own architectures, saved by save_pretrained",
        )

    def build() -> nn.Module:
        settings = library.CONFIG_MAPPING[name].from_dict(config)
        built: nn.Module = kind.from_config(settings, dtype=torch.float32)
        return built

    return _tried(described, build)


def _kind(library: Any, config: dict[str, Any]) -> Any:
    """What reads a text; of an encoder and a decoder, the encoder."""
    both = bool(config.get("is_encoder_decoder"))
    return library.AutoModelForTextEncoding if both else library.AutoModel


def _check_outline(folder: Path, config: dict[str, Any], tensors: int, numbers: int) -> None:
    """A config is only numbers: no more is built than what the weights can fill."""
    try:
        with at_most(MOST_PARTS_A_TENSOR * (tensors + 1)), outlined():
            outline = outline_network(config, folder)
    except TooManyPartsError:
        raise UserError(
            f"{folder}: config.json describes a larger network than the weights are of", WHOLE
        ) from None
    tables = [*outline.parameters(), *outline.buffers()]
    if sum(p.numel() for p in tables) > MOST_NUMBERS * numbers + SPARE_NUMBERS:
        raise UserError(
            f"{folder}: config.json describes a larger network than the weights are of", WHOLE
        )


def _check_loaded(folder: Path, network: nn.Module, said: dict[str, list[Any]]) -> None:
    """Raises UserError for the first tensor of the network itself that did not find its place."""
    mismatched = said.get("mismatched_keys", [])
    if mismatched:
        name, *shapes = _as_tuple(mismatched[0])
        told = " instead of ".join(str(tuple(shape)) for shape in shapes)
        raise UserError(f"{folder}: tensor {name} has a wrong shape {told}".rstrip(), WHOLE)
    missing = sorted(n for n in said.get("missing_keys", []) if not n.startswith("pooler."))
    if missing:
        raise UserError(f"{folder}: tensor {missing[0]} is missing", WHOLE)
    for name in sorted(said.get("unexpected_keys", [])):
        if _belongs(name, network):
            raise UserError(f"{folder}: tensor {name} is none of this network's", WHOLE)


def _belongs(name: str, network: nn.Module) -> bool:
    """Whether a surplus tensor would be of the network itself, and not of a head on it."""
    prefix = f"{getattr(network, 'base_model_prefix', '')}."
    name = name.removeprefix(prefix)
    return name.partition(".")[0] in dict(network.named_children())


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)


def _refuse_too_large(folder: Path, numbers: int) -> None:
    """Before memory is taken."""
    free = _free_bytes()
    if free is not None and 4 * numbers > free:
        raise UserError(
            f"{folder}: {4 * numbers / 1e9:.1f} GB of weights, more than the"
            f" {free / 1e9:.1f} GB of memory that are free",
            "close other programs, or use a smaller model",
        )


def _free_bytes() -> int | None:
    """Memory that is free; None where the system does not tell."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        if "MemAvailable" in lines:
            return int(lines["MemAvailable"].split()[0]) * 1024
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in getattr(os, "sysconf_names", {}):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _tried(folder: Path, build: Callable[[], R]) -> R:
    """What transformers makes of a folder, whatever it raises at what is wrong with it."""
    try:
        return build()
    except (UserError, TooManyPartsError):
        raise
    except Exception as error:
        if out_of_memory(error):
            raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = (lines or [type(error).__name__])[0][:200]
        raise UserError(
            f"{folder}: transformers cannot load it ({reason})",
            "accepted: checkpoints of its own architectures, saved by save_pretrained",
        ) from error
