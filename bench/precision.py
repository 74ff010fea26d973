"""Where precision = "auto" leaves float32, and what a training gains: python -m bench.precision.

The measurement is the training's own, on random token batches of 64 sequences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from seqlab.batch import Batch, Context
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.tasks.base import Loss
from seqlab.training.choosing import WORTHWHILE_SPEEDUP, choose

B, T, TOKENS, STEPS = 64, 64, 5000, 1000
WIDTHS = (64, 128, 256)
STACKS: dict[str, dict[str, Any]] = {
    "attention": {"residual": True, "norm": "pre", "mlp": 4.0},
    "gru": {},
    "lstm": {},
    "mamba2": {"residual": True, "norm": "pre"},
}


@dataclass(frozen=True)
class Tokens:
    """Two classes of random tokens: an objective for steps that are timed only."""

    higher_is_better = True

    def steps_per_epoch(self) -> int:
        """Enough for the measurement."""
        return 20

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Random ones."""
        generator = torch.Generator().manual_seed(epoch)
        for _ in range(self.steps_per_epoch()):
            ids = torch.randint(2, TOKENS, (B, T), generator=generator)
            yield Batch(ids, (ids[:, 0] % 2).float())

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Binary cross-entropy."""
        logits = model(batch.inputs, Context()).squeeze(-1)
        assert batch.targets is not None
        return Loss(F.binary_cross_entropy_with_logits(logits.float(), batch.targets), B)

    def validate(self, model: nn.Module) -> float:
        """Nothing to choose between."""
        return 0.0


def main() -> None:
    """Print the table as Markdown."""
    torch.set_num_threads(1)
    print(f"| training step, {B} sequences of {T} | auto takes | times faster | at least |")
    print("|---|---|--:|--:|")
    for mixer, fields in STACKS.items():
        for width in WIDTHS:
            spec = ModelSpec(mixer=mixer, width=width, depth=2, **fields)
            model = SequenceModel(spec, tokens=TOKENS)
            model.head = nn.Linear(width, 1)
            train = TrainSpec(precision="auto", steps=STEPS)
            found = choose(model, Tokens(), train, STEPS)["precision"]
            ratio = found["times_faster"].get("bfloat16", 0.0)
            taken = found["chosen"]
            print(
                f"| {mixer}, width {width} | {taken} | {ratio:.2f} | {WORTHWHILE_SPEEDUP} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
