"""Models of which only the shapes are wanted: nothing is stored, and nothing drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# Drawing numbers for tensors that have none makes torch import its compiler, which takes seconds.
DRAWS = frozenset((nn.init.normal_, nn.init.uniform_, Tensor.normal_, Tensor.uniform_))


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
