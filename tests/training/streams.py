"""Token streams for every mixer: carried state where it streams, dropout, noise, and a script.

Run as a script it trains one, so that a test can kill a real process:

    python -m tests.training.streams MIXER FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from seqlab.batch import Batch, Context
from seqlab.mixers.base import StreamingMixer
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.training.checkpoints import Checkpoints
from seqlab.training.fit import fit
from tests.training.problems import ScriptedLoss

TOKENS, T, B, PIECES = 11, 6, 4, 5
OPTIMIZERS = ("adamw", "sgd", "rmsprop", "lion", "muon", "adam")
SCHEDULES = ("cosine", "plateau", "cyclic")


class Streams:
    """Next-token prediction on pieces of one stream a row; noise is seeded by epoch and piece."""

    higher_is_better = False

    def steps_per_epoch(self):
        return PIECES

    def batches(self, epoch):
        rng = np.random.default_rng((7, epoch))
        tokens = np.cumsum(rng.integers(1, 3, (B, PIECES * T + 1)), axis=1) % (TOKENS - 1) + 1
        for piece in range(PIECES):
            part = tokens[:, piece * T : piece * T + T + 1]
            inputs = np.where(rng.random((B, T)) < 0.1, 1, part[:, :-1])  # augmented
            yield Batch(
                torch.from_numpy(inputs), torch.from_numpy(part[:, 1:]), continues=piece > 0
            )

    def loss(self, model, batch, state=None):
        if all(isinstance(block.mixer, StreamingMixer) for block in model.blocks):
            state = model.initial_state(B) if state is None else state
            logits, state = model.stream(batch.inputs, state)
        else:
            logits, state = model(batch.inputs, batch.context), None
        value = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten())
        return ScriptedLoss(value, batch.targets.numel(), state)

    def validate(self, model):
        batch = next(self.batches(99))
        logits = model(batch.inputs, Context())
        return float(F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten()))


def build(mixer):
    torch.manual_seed(3)
    spec = ModelSpec(
        mixer=mixer,
        width=16,
        residual=True,
        norm="pre",
        dropout=0.2,
        embedding_dropout=0.1,
        max_length=64,
    )
    causal = mixer not in WHOLE
    model = SequenceModel(spec, tokens=TOKENS, length=T, per_position=True, causal=causal)
    model.head = nn.Linear(16, TOKENS)
    return model


WHOLE = ("linformer", "longformer", "bag")


def settings(number, **changes):
    """Accumulation and averaging on; optimisers and schedules take turns."""
    return TrainSpec(
        steps=11,
        epochs=9,
        accumulate=2,
        evaluations=4,
        patience=None,
        optimizer=OPTIMIZERS[number % len(OPTIMIZERS)],
        schedule=SCHEDULES[number % len(SCHEDULES)],
        cycles=2,
        plateau_patience=1,
        learning_rate=3e-3,
        **({"swa": 0.6} if number % 2 else {"ema": 0.8}),
    ).with_(**changes)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(sys.argv[2])
    model = build(sys.argv[1])
    fit(model, Streams(), settings(0, steps=40), [], Checkpoints(folder / "kept", seconds=0))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "end")
