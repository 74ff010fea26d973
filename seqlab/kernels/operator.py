"""A kernel as a torch operator, with a short way for plain tensors.

torch sees the operator where it has to: when it traces, exports or runs on meta tensors. Called on
plain tensors the kernel is run by itself, because what torch does around an operator takes a tenth
of a millisecond: as long as a whole small cell.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn


class Operator:
    """`function` registered as `seqlab::name`; its gradient is added by `differentiate_by`."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.function = function
        self._operator = torch.library.custom_op(
            f"seqlab::{name}", function, mutates_args=(), device_types="cpu"
        )
        self.register_fake = self._operator.register_fake
        self._with_gradient = function

    def differentiate_by(
        self, backward: Operator | Callable[..., Any], *, outputs: str, gradients: str
    ) -> None:
        """The gradient, for both ways: `backward` returns those of the named inputs, in order.

        The names of its parameters say what it is given: an input or an output as it was; `dy` for
        the gradient of the output y, which is None where nothing depends on y if its type allows
        that, else zeros; `needs_dx` for whether the gradient of the input x is wanted. An output
        whose gradient it does not take has none.
        """
        # Looked up once: a small cell takes no longer than a few lookups by name would.
        shell = _Shell(self.function, backward, outputs.split(), gradients.split())
        self._operator.register_autograd(shell.differentiate, setup_context=shell.remember)

        def forward(ctx: Any, *operands: Any) -> Any:
            output = self.function(*operands)
            shell.remember(ctx, operands, output)
            return output

        methods = {"forward": staticmethod(forward), "backward": staticmethod(shell.differentiate)}
        short: Any = type("Short", (torch.autograd.Function,), methods)
        self._with_gradient = short.apply

    def __call__(self, *operands: Any) -> Any:
        """Run the kernel."""
        if not _plain(operands):
            return self._operator(*operands)
        return (self._with_gradient if torch.is_grad_enabled() else self.function)(*operands)


def operator(name: str) -> Callable[[Callable[..., Any]], Operator]:
    """Make a function of tensors the operator `seqlab::name`."""
    return lambda function: Operator(name, function)


class _Shell:
    """What autograd calls after `function` and on the way back; names are looked up here, once."""

    def __init__(
        self,
        function: Callable[..., Any],
        backward: Operator | Callable[..., Any],
        outputs: list[str],
        gradients: list[str],
    ) -> None:
        inputs = list(signature(function).parameters)
        names = [*inputs, *outputs]
        assert len(set(names)) == len(names), "an input and an output of one name"
        self.backward, self.inputs = backward, len(inputs)
        self.targets = [inputs.index(name) for name in gradients]
        # Places among inputs and outputs of what is kept, and for each argument of `backward`
        # from which of four lists it is taken (see `differentiate`), and where it stands there.
        self.tensors: list[int] = []
        self.constants: list[int] = []
        self.arguments: list[tuple[int, int]] = []
        self.undefined = False  # whether `backward` takes None for zeros
        for name, parameter in signature(
            getattr(backward, "function", backward)
        ).parameters.items():
            if name.startswith("needs_d"):
                self.arguments.append((3, inputs.index(name.removeprefix("needs_d"))))
            elif name[0] == "d" and name[1:] in outputs:
                self.arguments.append((0, outputs.index(name[1:])))
                self.undefined |= "None" in parameter.annotation
            else:
                kept = "Tensor" in parameter.annotation
                number, places = (1, self.tensors) if kept else (2, self.constants)
                self.arguments.append((number, len(places)))
                places.append(names.index(name))
        heard = {place for number, place in self.arguments if number == 0}
        self.silent = [self.inputs + n for n in range(len(outputs)) if n not in heard]
        self.optional = [place for number, place in self.arguments if number == 3]

    def remember(self, ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep what the way back needs; torch gives the arguments by these names."""
        values = (*inputs, *output) if isinstance(output, tuple) else (*inputs, output)
        ctx.set_materialize_grads(not self.undefined)
        ctx.mark_non_differentiable(*[values[place] for place in self.silent])
        # Tensors go through autograd's own list: kept on ctx, an output would keep itself alive.
        ctx.save_for_backward(*[values[place] for place in self.tensors])
        ctx.constants = [values[place] for place in self.constants]

    def differentiate(self, ctx: Any, *slopes: Tensor | None) -> tuple[Tensor | None, ...]:
        """A gradient, or None, for each input."""
        lists = slopes, ctx.saved_tensors, ctx.constants, ctx.needs_input_grad
        results = self.backward(*[lists[number][place] for number, place in self.arguments])
        slots: list[Tensor | None] = [None] * self.inputs
        for place, gradient in zip(self.targets, results, strict=True):
            slots[place] = gradient
        for place in self.optional:  # an operator cannot return None, but something empty
            if not ctx.needs_input_grad[place]:
                slots[place] = None
        return tuple(slots)


def _plain(operands: tuple[Any, ...]) -> bool:
    """Whether there are but ordinary tensors in memory, and nobody watches."""
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
        return False
    if torch._C._functorch.peek_interpreter_stack() is not None:
        return False
    tensors = (v for v in operands if isinstance(v, Tensor))
    return all(type(v) in (Tensor, nn.Parameter) and v.is_cpu for v in tensors)
