"""Models of which only the shapes are wanted: nothing is stored, and nothing drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.overrides import TorchFunctionMode

# Drawing numbers for tensors that have none makes torch import its compiler, which takes seconds.
DRAWS = frozenset((nn.init.normal_, nn.init.uniform_, Tensor.normal_, Tensor.uniform_))


class TooManyPartsError(Exception):
    """A model outgrew the tensors that are stored of it."""


class _Undrawn(TorchFunctionMode):
    """Leaves tensors as they are where they would be filled by chance."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        if function in DRAWS:
            return (*args, *named.values())[0]
        return function(*args, **named)


@contextmanager
def outlined() -> Iterator[None]:
    """What is built inside is on the meta device, where tensors have shapes but no storage."""
    with torch.device("meta"), _Undrawn():
        yield


@contextmanager
def at_most(parts: int) -> Iterator[None]:
    """Within which no more modules and parameters are made: a depth is only a number."""
    made = 0

    def count(*registered: Any) -> None:
        nonlocal made
        made += 1
        if made > parts:
            raise TooManyPartsError

    hooks = [
        register_module_module_registration_hook(count),
        register_module_parameter_registration_hook(count),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
