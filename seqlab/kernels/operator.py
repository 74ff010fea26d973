"""A kernel as a torch operator, with a short way for plain tensors.

torch sees the operator where it has to: when it traces, exports or runs on meta tensors. Called on
plain tensors the kernel is run by itself, because what torch does around an operator takes a tenth
of a millisecond: as long as a whole small cell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Operator:
    """`function` registered as `seqlab::name`; its gradient is added by `register_autograd`."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._function = function
        self._operator = torch.library.custom_op(
            f"seqlab::{name}", function, mutates_args=(), device_types="cpu"
        )
        self.register_fake = self._operator.register_fake
        self._with_gradient = function

    def register_autograd(
        self, backward: Callable[..., Any], *, setup_context: Callable[..., None]
    ) -> None:
        """The gradient, for both ways."""
        self._operator.register_autograd(backward, setup_context=setup_context)

        def forward(ctx: Any, *operands: Any) -> Any:
            output = self._function(*operands)
            setup_context(ctx, operands, output)
            return output

        methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        short: Any = type("Short", (torch.autograd.Function,), methods)
        self._with_gradient = short.apply

    def __call__(self, *operands: Any) -> Any:
        """Run the kernel."""
        if not _plain(operands):
            return self._operator(*operands)
        return (self._with_gradient if torch.is_grad_enabled() else self._function)(*operands)


def operator(name: str) -> Callable[[Callable[..., Any]], Operator]:
    """Make a function of tensors the operator `seqlab::name`."""
    return lambda function: Operator(name, function)


def _plain(operands: tuple[Any, ...]) -> bool:
    """Whether there are but ordinary tensors in memory, and nobody watches."""
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
        return False
    if torch._C._functorch.peek_interpreter_stack() is not None:
        return False
    tensors = (v for v in operands if isinstance(v, Tensor))
    return all(type(v) in (Tensor, nn.Parameter) and v.is_cpu for v in tensors)
