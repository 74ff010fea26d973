"""Nested states of a training – tuples, lists, dicts of tensors and numbers: copy, pack, unpack.

Packed, a value is plain data for JSON beside a dict of named tensors: nothing is ever pickled.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqlab.mixers.states import map_tensors


def copied(state: Any) -> Any:
    """A state that shares no memory with the one it was made from."""
    return map_tensors(state, lambda tensor: tensor.detach().clone())


def on_device(state: Any, device: torch.device | str) -> Any:
    """The same nesting on another device."""
    return map_tensors(state, lambda tensor: tensor.to(device))


def pack(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Plain data for JSON; the tensors within go into `tensors`, under names that stand for them.

    Named tuples are written as the name of their class. Raises TypeError for what is neither.
    """
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, np.ndarray):
        return {"array": str(value.dtype), "values": value.tolist()}
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"items": [[pack(k, tensors), pack(v, tensors)] for k, v in value.items()]}
    if isinstance(value, list):
        return {"list": [pack(part, tensors) for part in value]}
    if isinstance(value, tuple):
        packed: dict[str, Any] = {"tuple": [pack(part, tensors) for part in value]}
        if hasattr(value, "_fields"):
            packed["class"] = [type(value).__module__, type(value).__qualname__]
        return packed
    raise TypeError(f"{type(value).__name__} cannot be kept in a checkpoint")


def unpack(packed: Any, tensors: dict[str, Tensor]) -> Any:
    """What `pack` was given, on the CPU."""
    match packed:
        case {"tensor": name}:
            return tensors[name]
        case {"array": dtype, "values": values}:
            return np.array(values, dtype=dtype)
        case {"items": items}:
            return {unpack(k, tensors): unpack(v, tensors) for k, v in items}
        case {"list": parts}:
            return [unpack(part, tensors) for part in parts]
        case {"tuple": parts, "class": [module, name]}:
            return _named(module, name)(*(unpack(part, tensors) for part in parts))
        case {"tuple": parts}:
            return tuple(unpack(part, tensors) for part in parts)
    return packed


def _named(module: str, name: str) -> Any:
    """A named tuple that this process knows already: a file makes us import nothing."""
    value: Any = sys.modules.get(module)
    for part in name.split("."):
        value = None if part == "<locals>" else getattr(value, part, None)
    if not (isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields")):
        raise TypeError(f"{module}.{name} is not a known named tuple")
    return value
