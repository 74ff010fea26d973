"""Blocks that are computed again on the way back, but for attention.

Chen et al. (2016) keep a block's input alone. Most of a block's memory stands between its linear
maps; over long sequences most of its time is attention, whose output is as small as the input: so
that is kept, too. (Korthikanti et al., 2022, compute attention again and keep the rest; their
attention stored all scores, which a fused one does not.) Recurrences are computed again: what their
kernels need for the way back is four times as large as the input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
    noop_context_fn,
)

# PyTorch's fused attention, on a CPU and on accelerators; its outputs with their normalisers.
ATTENTION_OPERATION = "aten::_scaled_dot_product_"


def recomputed(function: Callable[..., Any], *arguments: Any, attends: bool) -> Any:
    """The function's value; on the way back it is called again.

    `attends` says whether there is attention to be kept: looking for it takes time.
    """
    contexts = _keeping_attention if attends else noop_context_fn
    return checkpoint(function, *arguments, use_reentrant=False, context_fn=contexts)


def _keeping_attention() -> Any:
    return create_selective_checkpoint_contexts(_policy)  # type: ignore[no-untyped-call]


def _policy(context: Any, operator: Any, *arguments: Any, **options: Any) -> CheckpointPolicy:
    kept = operator.name().startswith(ATTENTION_OPERATION)
    return CheckpointPolicy.MUST_SAVE if kept else CheckpointPolicy.PREFER_RECOMPUTE
