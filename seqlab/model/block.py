"""A block: mix positions, then (perhaps) transform each one; residual and norm switchable.

    pre   x ← x + drop(mixer(norm(x)));   x ← x + drop(mlp(norm(x)))     Xiong et al., 2020
    post  x ← norm(x + drop(mixer(x)));   x ← norm(x + drop(mlp(x)))     Vaswani et al., 2017
    none  as pre, without the norms

Without `residual` the sums fall away: a plain textbook stack is `norm="none", residual=False`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from seqlab import registry
from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.base import Mixer, State, StreamingMixer, setting_defaults
from seqlab.mixers.bidirectional import Bidirectional
from seqlab.mixers.multihead import MultiHead
from seqlab.model.noise import Dropout, SharedDropout, build_dropout, drop_branches, drop_weights
from seqlab.model.outline import outlined
from seqlab.model.packing import Packing
from seqlab.model.recomputing import recomputed
from seqlab.specs import ModelSpec

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "gelu": nn.GELU,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
}
MIXER_POSITIONS = ("rotary", "alibi", "relative")  # the others are added by the embedding


class Block(nn.Module):
    """(B, T, D) → (B, T, D)."""

    def __init__(self, spec: ModelSpec, causal: bool) -> None:
        super().__init__()
        self.order = spec.norm
        self.residual = spec.residual
        self.mixer = build_mixer(spec, causal)
        self.mlp = build_mlp(spec) if spec.mlp else None
        self.mixer_norm = build_norm(spec)
        self.mlp_norm = build_norm(spec) if self.mlp is not None else nn.Identity()
        self.dropout = build_dropout(spec, spec.dropout)
        self.drops_weights = spec.weight_drop > 0 and drop_weights(self.mixer, spec.weight_drop)
        self.branch_drop = spec.stochastic_depth if spec.residual else 0.0
        self.attends = isinstance(self.mixer, MultiHead)
        self.recompute = False  # in the backward pass, instead of keeping what is between

    def forward(self, x: Tensor, context: Context, packing: Packing | None = None) -> Tensor:
        """Mixer, then MLP; with a packing x (N, D) holds the real positions alone."""
        if self.recompute and torch.is_grad_enabled():
            return cast(
                Tensor, recomputed(self._forward, x, context, packing, attends=self.attends)
            )
        return self._forward(x, context, packing)

    def _forward(self, x: Tensor, context: Context, packing: Packing | None) -> Tensor:
        def mix(y: Tensor) -> Tensor:
            with self._one_mask():
                if packing is None:
                    return cast(Tensor, self.mixer(y, context))
                return packing.pack(self.mixer(packing.pad(y), context))

        return self._mlp(self._around(mix, self.mixer_norm, x, packing), packing)

    def _one_mask(self) -> AbstractContextManager[Any]:
        """In which a dropped weight is dropped at every position."""
        return parametrize.cached() if self.drops_weights else nullcontext()

    def stream(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The same for positions that follow a state of the mixer."""
        after: list[State] = []

        def mix(y: Tensor) -> Tensor:
            assert isinstance(self.mixer, StreamingMixer)
            with self._one_mask():
                y, carried = self.mixer.prefill(y, state)
            after.append(carried)
            return y

        return self._mlp(self._around(mix, self.mixer_norm, x)), after[0]

    def _mlp(self, x: Tensor, packing: Packing | None = None) -> Tensor:
        return x if self.mlp is None else self._around(self.mlp, self.mlp_norm, x, packing)

    def _around(
        self,
        inner: Callable[[Tensor], Tensor],
        norm: nn.Module,
        x: Tensor,
        packing: Packing | None = None,
    ) -> Tensor:
        y = inner(norm(x) if self.order == "pre" else x)
        if packing is not None and self._drops_by_sequence():
            y = packing.pack(self._noise(packing.pad(y)))
        else:
            y = self._noise(y)
        y = x + y if self.residual else y
        return norm(y) if self.order == "post" else y

    def _noise(self, y: Tensor) -> Tensor:
        y = self.dropout(y)
        return drop_branches(y, self.branch_drop) if self.branch_drop and self.training else y

    def _drops_by_sequence(self) -> bool:
        """Whether noise needs to know which positions are of one sequence."""
        return self.branch_drop > 0 or isinstance(self.dropout, SharedDropout)


def recompute_blocks(model: nn.Module) -> None:
    """Trade time for memory: keep each block's input alone (Chen et al., 2016)."""
    for module in model.modules():
        if isinstance(module, Block):
            module.recompute = True


def build_mixer(spec: ModelSpec, causal: bool) -> Mixer:
    """The mixer a spec names, as a pair of directions if it asks for one."""
    cls: type[Mixer] = registry.load("mixers", spec.mixer)
    settings = mixer_settings(spec)
    if not spec.bidirectional:
        return cls.build(spec.width, causal=causal, **settings)
    if causal:
        raise UserError(
            "bidirectional = true: this task needs a model that does not see the future",
            "set bidirectional = false",
        )
    forwards, backwards = (cls.build(spec.width, causal=True, **settings) for _ in range(2))
    assert isinstance(forwards, StreamingMixer)
    assert isinstance(backwards, StreamingMixer)
    return Bidirectional(forwards, backwards)


def looks_back(spec: ModelSpec) -> bool:
    """Whether the mixer of a spec only ever sees what came before, even where more is allowed."""
    with outlined():
        return isinstance(build_mixer(spec, causal=False), StreamingMixer)


def mixer_settings(spec: ModelSpec) -> dict[str, Any]:
    """The mixer's own settings, and what the model's say about it."""
    accepted = setting_defaults(registry.load("mixers", spec.mixer))
    settings = dict(spec.settings)
    if spec.positions in MIXER_POSITIONS:
        if "positions" not in accepted:
            raise UserError(
                f'positions = "{spec.positions}": mixer "{spec.mixer}" has no positions of its own',
                "accepted with this mixer: none, sinusoidal, learned",
            )
        settings["positions"] = spec.positions
    if spec.attention_dropout and "dropout" in accepted:
        settings.setdefault("dropout", spec.attention_dropout)
    if "max_length" in accepted:
        settings.setdefault("max_length", spec.max_length)
    return settings


def build_mlp(spec: ModelSpec) -> nn.Module:
    """Two linear maps with an activation between them, `mlp` times as wide inside."""
    hidden = max(1, round(spec.mlp * spec.width))
    return nn.Sequential(
        nn.Linear(spec.width, hidden),
        ACTIVATIONS[spec.activation](),
        Dropout(spec.dropout),
        nn.Linear(hidden, spec.width),
    )


def build_norm(spec: ModelSpec) -> nn.Module:
    """LayerNorm or RMSNorm over the width, or nothing."""
    if spec.norm == "none":
        return nn.Identity()
    return nn.LayerNorm(spec.width) if spec.norm_kind == "layer" else nn.RMSNorm(spec.width)
