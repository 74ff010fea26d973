"""How far back gradients reach: ‖∂ℓ/∂h_t‖ against the distance, for every layer of any model.

h_t is what a layer's mixer reads at position t: all that the layer will ever know of t went in
there, so that one measure serves every mixer. In a recurrence it holds the whole product

    ∂ℓ/∂h_t = (∂s_t/∂h_t)ᵀ (∂s_{t+1}/∂s_t)ᵀ … (∂s_T/∂s_{T−1})ᵀ ∂ℓ/∂s_T          s: the state

which shrinks or grows with every factor. ℓ is the task's own loss of a validation example; of a
model that answers at every position it is the last answer's share, as the sum over all answers
would hide the distance. Bengio et al. (1994); Pascanu et al. (2013).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqlab.mixers.base import Mixer, StreamingMixer
from seqlab.model.base import Model
from seqlab.model.block import Block
from seqlab.model.encoder_decoder import DecoderBlock
from seqlab.specs import TrainSpec
from seqlab.tasks.base import Prepared

PROBED_EXAMPLES = 64
HEARD_SHARE = 0.01  # of the norm at the nearest positions


@dataclass(frozen=True)
class Reach:
    """Norms in one layer by distance from the last position heard (0 is the last)."""

    norms: list[float]

    @property
    def ratio(self) -> float:
        """The mean norm at the farthest tenth of positions over that at the nearest."""
        part = max(1, len(self.norms) // 10)
        near, far = (float(np.mean(side)) for side in (self.norms[:part], self.norms[-part:]))
        return far / near if near else 0.0

    @property
    def heard(self) -> int:
        """The largest distance at which the norm is a hundredth of the nearest or more."""
        norms = np.array(self.norms)
        part = max(1, len(norms) // 10)
        return int(np.flatnonzero(norms >= HEARD_SHARE * norms[:part].mean()).max(initial=0))


@dataclass(frozen=True)
class Flow:
    """How far each layer's gradients reach, and the norm of each layer's own gradients.

    reaches           of each layer that has a mixer, the first layer first
    layers            of the mean loss, over the parameters of each layer
    last_answer_only  whether distances are from the last of many answers
    causal            whether texts go on beyond what is read at once: they are cut somewhere
    """

    reaches: dict[str, Reach]
    layers: dict[str, float]
    last_answer_only: bool = False
    causal: bool = False


def measure_flow(prepared: Prepared, model: Model, spec: TrainSpec) -> Flow:
    """The flow of some validation examples, without dropout."""
    examples = prepared.valid.take(np.arange(min(PROBED_EXAMPLES, len(prepared.valid))))
    means: dict[str, _Mean] = {}
    weight = 0.0
    model.eval()
    model.zero_grad(set_to_none=True)
    with _Recorder(model).recording() as seen:
        for batch in prepared.task.batches(examples, PROBED_EXAMPLES, spec.batch_tokens, None):
            seen.inputs.clear()
            loss = prepared.task.loss(model, batch.to(spec.device))
            # A sum, or examples in small batches would weigh more.
            total = loss.value * loss.weight
            weight += loss.weight
            for name, gradient in seen.gradients(total):
                means.setdefault(name, _Mean()).add(gradient)
    order = [name for name, module in model.named_modules() if isinstance(module, Block)]
    reaches = {name: Reach(means[name].norms()) for name in order if name in means}
    causal = prepared.task.inputs.causal
    return Flow(reaches, _layers(model, weight), seen.answers_everywhere, causal)


class _Mean:
    """The mean norm at each distance, over the sequences that are as long."""

    def __init__(self) -> None:
        self.total, self.count = np.zeros(0), np.zeros(0)

    def add(self, gradient: Tensor) -> None:
        """(B, T, D)."""
        for norms in gradient.double().norm(dim=-1).cpu().numpy():  # (T,) of one sequence
            real = np.flatnonzero(norms)
            back: NDArray[np.float64] = norms[: real[-1] + 1][::-1] if len(real) else norms[:0]
            longer = max(len(back), len(self.total))
            self.total, self.count = (
                np.pad(a, (0, longer - len(a))) for a in (self.total, self.count)
            )
            self.total[: len(back)] += back
            self.count[: len(back)] += 1

    def norms(self) -> list[float]:
        return cast(list[float], (self.total / np.maximum(self.count, 1)).tolist())


class _Recorder:
    """Keeps what each mixer reads, and lets the last answer alone speak where there are many."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.inputs: list[tuple[str, Tensor]] = []
        self.last_only = False
        blocks = [(n, m) for n, m in model.named_modules() if isinstance(m, Block)]
        self.mixers = [(name, block.mixer) for name, block in blocks]
        pooled = getattr(model, "pooling", None) is not None
        self.answers_everywhere = not pooled or isinstance(blocks[-1][1], DecoderBlock)

    @contextmanager
    def recording(self) -> Iterator[_Recorder]:
        """In which mixers are listened to."""
        names = [_entrance(mixer) for _, mixer in self.mixers]
        for (layer, mixer), name in zip(self.mixers, names, strict=True):
            setattr(mixer, name, self._listening(layer, getattr(mixer, name)))
        # The last thing before the head in every model, and in evaluation the identity.
        before_head = cast(nn.Module, self.model.dropout)
        handle = before_head.register_forward_hook(self._before_head)
        try:
            yield self
        finally:
            handle.remove()
            for (_, mixer), name in zip(self.mixers, names, strict=True):
                delattr(mixer, name)  # the method of the class is there again

    def gradients(self, total: Tensor) -> list[tuple[str, Tensor]]:
        """Layer and ∂ℓ/∂h (B, T, D) of all that was read; parameters keep those of `total`."""
        total.backward(retain_graph=True)  # type: ignore[no-untyped-call]
        self.last_only = self.answers_everywhere
        read = [x for _, x in self.inputs]
        gradients = torch.autograd.grad(total, read, allow_unused=True)
        self.last_only = False
        names = [name for name, _ in self.inputs]
        return [(n, g) for n, g in zip(names, gradients, strict=True) if g is not None]

    def _listening(self, layer: str, read: Callable[..., Any]) -> Callable[..., Any]:
        def listening(x: Tensor, *rest: Any) -> Any:
            # A tensor of its own: the same one may also go round the mixer, as a residual.
            x = x.view_as(x) if x.requires_grad else x.detach().requires_grad_()
            self.inputs.append((layer, x))
            return read(x, *rest)

        return listening

    def _before_head(self, module: nn.Module, given: tuple[Any, ...], out: Tensor) -> None:
        if out.requires_grad and out.dim() == 3:
            out.register_hook(self._last)  # type: ignore[no-untyped-call]

    def _last(self, gradient: Tensor) -> Tensor | None:
        """The gradient (B, T, D) at each row's last position that has one, where that is asked."""
        if not self.last_only:
            return None
        heard = gradient.abs().amax(dim=-1) > 0  # (B, T)
        later = heard.flip(1).cumsum(dim=1).flip(1)
        return gradient * (heard & (later == 1)).unsqueeze(-1)


def _entrance(mixer: Mixer) -> str:
    """The method by which sequences enter a mixer, streamed or not."""
    return "prefill" if isinstance(mixer, StreamingMixer) else "forward"


def _layers(model: Model, weight: float) -> dict[str, float]:
    """The norm of each layer's gradients of the mean loss, in the order of the layers."""
    squares: dict[str, float] = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            layer = _layer_of(name)
            squares[layer] = squares.get(layer, 0.0) + float(parameter.grad.square().sum())
    return {name: value**0.5 / weight for name, value in squares.items()}


def _layer_of(parameter: str) -> str:
    """`decoder.1.mixer.w_hh` → `decoder.1`; what stands in no list of blocks, by its first word."""
    words = parameter.split(".")
    numbers = [place for place, word in enumerate(words) if word.isdigit()]
    in_blocks = numbers and numbers[0] > 0 and len(words) > numbers[0] + 1
    return ".".join(words[: numbers[0] + 1]) if in_blocks else words[0]
