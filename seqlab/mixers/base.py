"""The mixer contract, its capabilities as types, and the checks that every mixer shares.

A mixer mixes positions and keeps the shape (B, T, D). What can run position by position is a
`StreamingMixer`: the capability is a type, so what cannot stream is refused by type. States are
named tuples of tensors, returned and never mutated. Padding is on the right, so a causal mixer
may ignore the mask: no real position sees a padded one.
"""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.errors import UserError, unknown
from seqlab.mixers.states import tensors_of

State = tuple[Any, ...]  # a NamedTuple of tensors (or of such tuples); each mixer names its own


class Mixer(nn.Module, ABC):
    """Mixes positions: (B, T, D) → (B, T, D). Settings are keyword-only constructor arguments."""

    name: ClassVar[str]
    width: int

    @property
    def backend(self) -> str:
        """The implementation that runs here and now; a recorded field of each run."""
        return "reference"

    @classmethod
    def build(cls, width: int, *, causal: bool, **settings: Any) -> Mixer:
        """The mixer for a width, causal on request; a mixer with two forms chooses here."""
        check_settings(cls, settings)
        if causal and not issubclass(cls, StreamingMixer):
            raise UserError(
                f'mixer "{cls.name}" mixes all positions and cannot be causal',
                "choose a mixer that streams: seqlab mixers lists them",
            )
        return cls(width, **settings)

    @classmethod
    def width_multiple(cls, **settings: Any) -> int:
        """What a width must be a multiple of under these settings: the heads, if there are any."""
        return int({**setting_defaults(cls), **settings}.get("heads", 1))

    @abstractmethod
    def forward(self, x: Tensor, context: Context) -> Tensor:
        """All positions at once: x (B, T, D) → (B, T, D)."""


class StreamingMixer(Mixer):
    """A causal mixer that can also run position by position from a state."""

    @abstractmethod
    def initial_state(self, batch: int) -> State:
        """The state before the first position, for `batch` sequences."""

    @abstractmethod
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """One position: x_t (B, D) → y_t (B, D) and the next state."""

    @abstractmethod
    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Many positions in parallel: x (B, T, D) → y (B, T, D) and the state after them."""

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """All positions at once, from the first state."""
        check_input(self, x)
        return self.prefill(x, self.begin(x.shape[0], context))[0]

    def begin(self, batch: int, context: Context) -> State:
        """The state before the first position; a mixer that reads the context does it here."""
        return self.initial_state(batch)

    def state_bytes(self, length: int) -> int:
        """Bytes of state that one sequence carries after `length` positions."""
        with torch.device("meta"):
            x = torch.empty(1, length, self.width, dtype=self._parameter().dtype)
        twin = _on_meta(self)
        _, state = twin.prefill(x, twin.initial_state(1))
        return sum(t.numel() * t.element_size() for t in tensors_of(state))

    def zeros(self, *shape: int) -> Tensor:
        """Zeros of this mixer's dtype and device, from which most states begin."""
        parameter = self._parameter()
        return torch.zeros(shape, dtype=parameter.dtype, device=parameter.device)

    def _parameter(self) -> Tensor:
        return next(self.parameters())


class CellMixer(StreamingMixer):
    """A mixer that writes its recurrence as `step`; the base loops it.

    A cell with a fused kernel overrides `prefill` with the kernel's call, which computes the same.
    """

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The recurrence, one position after the other."""
        outputs = []
        for x_t in x.unbind(dim=1):
            y_t, state = self.step(x_t, state)
            outputs.append(y_t)
        return torch.stack(outputs, dim=1), state


def check_input(mixer: Mixer, x: Tensor) -> None:
    """Refuse an input of another width or without positions; x should be (B, T, D)."""
    if x.dim() != 3 or x.shape[2] != mixer.width:
        raise UserError(
            f'mixer "{mixer.name}" was given an input of shape {tuple(x.shape)}, '
            f"expected (batch, positions, {mixer.width})"
        )
    if x.shape[1] == 0:
        raise UserError(
            f'mixer "{mixer.name}" was given sequences without positions, expected at least 1',
            "leave empty sequences out, or begin each with a start token",
        )


def check_heads(mixer: type[Mixer], width: int, heads: int, setting: str = "heads") -> None:
    """Refuse a number of heads that does not divide the width."""
    if heads < 1 or width % heads:
        accepted = ", ".join(str(n) for n in range(1, width + 1) if width % n == 0)
        raise UserError(
            f'mixer "{mixer.name}": {setting} = {heads} does not divide {width}; '
            f"accepted: {accepted}"
        )


def check_choice(mixer: type[Mixer], setting: str, given: str, accepted: Iterable[str]) -> None:
    """Refuse a value that a setting does not know, with a suggestion."""
    if given not in accepted:
        raise unknown(f'{setting} of mixer "{mixer.name}"', given, accepted)


def check_at_least(mixer: type[Mixer], setting: str, given: float, least: float) -> None:
    """Refuse a number below what a setting accepts."""
    if given < least:
        raise UserError(f'mixer "{mixer.name}": {setting} = {given}; accepted: {least} or more')


def check_state(mixer: StreamingMixer, state: State, expected: type, batch: int) -> None:
    """Refuse a state of another mixer or another batch size."""
    if not isinstance(state, expected):
        given = type(state).__name__
        raise UserError(
            f'mixer "{mixer.name}" was given a state of type {given}, expected {expected.__name__}',
            "start from this mixer's own initial_state(batch)",
        )
    for tensor in tensors_of(state):
        if tensor.dim() > 0 and tensor.shape[0] != batch:
            raise UserError(
                f'mixer "{mixer.name}" was given a state for batch {tensor.shape[0]}, '
                f"but the input has batch {batch}",
                "make the state with initial_state(batch) for this batch size",
            )


def check_settings(cls: type[Mixer], settings: dict[str, Any]) -> None:
    """Refuse a setting that the mixer does not have, with a suggestion."""
    accepted = setting_defaults(cls)
    for key in settings:
        if key not in accepted:
            raise unknown(f'setting of mixer "{cls.name}"', key, accepted)


def setting_defaults(cls: type[Mixer]) -> dict[str, Any]:
    """The keyword-only constructor arguments of a mixer and their defaults."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _on_meta(mixer: Any) -> Any:
    return copy.deepcopy(mixer).to("meta")


__all__ = [
    "CellMixer",
    "Context",
    "Mixer",
    "State",
    "StreamingMixer",
    "check_at_least",
    "check_choice",
    "check_heads",
    "check_input",
    "check_settings",
    "check_state",
    "setting_defaults",
]
