"""Walking over nested states – named tuples, tuples, lists, dicts – of tensors and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor


def map_tensors(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same nesting with every tensor changed; whatever else there is stays as it is."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {key: map_tensors(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [map_tensors(part, change) for part in value]
        # A named tuple takes its fields one by one, any other sequence all in one.
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def tensors_of(state: Any) -> list[Tensor]:
    """Every tensor in a state, in order."""
    tensors: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        tensors.append(tensor)
        return tensor

    map_tensors(state, keep)
    return tensors


def detached(state: Any) -> Any:
    """A state that gradients do not flow back through: where truncated backpropagation cuts."""
    return map_tensors(state, Tensor.detach)
