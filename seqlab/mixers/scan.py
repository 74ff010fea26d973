"""The base of the mixers whose recurrence is elementwise and linear, and what its relatives share.

    h_t = a_t ⊙ h_{t−1} + b_t

a_t and b_t depend on the inputs alone, never on h, so that all positions can be computed at once.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from seqlab import kernels
from seqlab.errors import UserError
from seqlab.kernels.linear_scan import linear_scan
from seqlab.mixers.base import (
    Mixer,
    State,
    StreamingMixer,
    check_at_least,
    check_choice,
    check_state,
)
from seqlab.mixers.short_convolution import ShortConvolution


class ScanState(NamedTuple):
    """The hidden state h (B, D) and the short convolution's last inputs (B, K − 1, D)."""

    h: Tensor
    recent: Tensor


class ScanMixer(StreamingMixer):
    """A mixer that writes its recurrence as `gates`; the base scans it. (B, T, D) → h (B, T, D).

    One with a kernel of its own overrides `scan`, which computes the same, and names the kernel.
    """

    kernel: ClassVar[str] = "linear_scan"

    def __init__(self, width: int, convolution: int, backend: str) -> None:
        super().__init__()
        check_choice(type(self), "backend", backend, kernels.BACKENDS)
        self.width = width
        self.chosen_backend = backend
        self.convolution = OptionalConvolution(type(self), width, convolution)

    @abstractmethod
    def gates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The recurrence's a and b, each of the shape of x (…, D)."""

    @property
    def backend(self) -> str:
        """What runs the scan."""
        parameter = self._parameter()
        dtype = scan_dtype(parameter.dtype)
        return kernels.running(self.kernel, parameter.device.type, dtype, self.chosen_backend)

    def initial_state(self, batch: int) -> ScanState:
        """h_0 = 0 and no inputs."""
        return ScanState(scan_zeros(self, batch, self.width), self.convolution.no_inputs(batch))

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, ScanState]:
        """All positions in one scan."""
        check_precision(self, x)
        check_state(self, state, ScanState, x.shape[0])
        h, recent = state
        z, recent = self.convolution(x, recent)
        h = self.scan(z, h)
        return h.to(x.dtype), ScanState(h[:, -1], recent)

    def scan(self, x: Tensor, h: Tensor) -> Tensor:
        """Every state (B, T, D) after h (B, D)."""
        a, b = (gate.to(h.dtype) for gate in self.gates(x))
        return linear_scan(a, b, h, backend=self.chosen_backend)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, ScanState]:
        """One position."""
        check_precision(self, x_t)
        check_state(self, state, ScanState, x_t.shape[0])
        h, recent = state
        z, recent = self.convolution(x_t[:, None], recent)
        a, b = self.gates(z[:, 0])
        h = a * h + b
        return h.to(x_t.dtype), ScanState(h, recent)


class OptionalConvolution(nn.Module):
    """The causal short convolution, or the identity where its kernel is 0."""

    def __init__(self, mixer: type[Mixer], width: int, kernel: int) -> None:
        super().__init__()
        check_at_least(mixer, "convolution", kernel, 0)
        self.width = width
        self.taps = ShortConvolution(width, kernel) if kernel else None
        self.register_buffer("nothing", torch.empty(0, width), persistent=False)

    def no_inputs(self, batch: int) -> Tensor:
        """The state before the first position: (B, K − 1, width), or (B, 0, width) without taps."""
        if self.taps is None:
            return self.get_buffer("nothing").expand(batch, 0, self.width)
        return self.taps.initial_state(batch)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, T, width) after the inputs in `state`, and the next state."""
        if self.taps is None:
            return x, state
        y, state = self.taps(x, state)
        return y, state


def scan_dtype(dtype: torch.dtype) -> torch.dtype:
    """The type in which a recurrence accumulates: at least float32."""
    return torch.promote_types(dtype, torch.float32)


def scan_zeros(mixer: StreamingMixer, *shape: int) -> Tensor:
    """Zeros of the type in which this mixer's recurrence accumulates."""
    return mixer.zeros(*shape).to(scan_dtype(mixer.zeros(0).dtype))


def check_precision(mixer: Mixer, x: Tensor) -> None:
    """Refuse float16, whose largest number a sum or an exponential over time soon exceeds."""
    if x.dtype is torch.float16:
        raise UserError(
            f'mixer "{mixer.name}" was given float16, which overflows in a recurrence over time; '
            "accepted: float32, float64, bfloat16"
        )
