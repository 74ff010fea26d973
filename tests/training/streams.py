"""Token streams for every mixer: carried state where it streams, dropout, augmented inputs."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from seqlab import registry
from seqlab.batch import Batch, Context
from seqlab.data.augmentation import augment_tokens
from seqlab.mixers.base import StreamingMixer
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import Augmentation, ModelSpec, TrainSpec
from tests.training.problems import ScriptedLoss

# What has no recipe is no model of its own: it reads the memory of another.
MIXERS = sorted(name for name, card in registry.cards("mixers").items() if card.get("recipes"))
TOKENS, T, B, PIECES = 11, 6, 4, 5
AUGMENT = [Augmentation(kind="token_dropout", rate=0.1), Augmentation(kind="swap", rate=0.2)]
OPTIMIZERS = ("adamw", "sgd", "rmsprop", "lion", "muon", "adam")
SCHEDULES = ("cosine", "plateau", "cyclic")


class Streams:
    """Next-token prediction on pieces of one stream a row; changed by epoch and piece."""

    higher_is_better = False

    def steps_per_epoch(self):
        return PIECES

    def batches(self, epoch):
        rng = np.random.default_rng((7, epoch))
        tokens = np.cumsum(rng.integers(1, 3, (B, PIECES * T + 1)), axis=1) % (TOKENS - 1) + 1
        for piece in range(PIECES):
            part = tokens[:, piece * T : piece * T + T + 1]
            inputs = part[:, :-1]
            for one in AUGMENT:
                inputs = augment_tokens(inputs, np.ones_like(inputs, bool), one, rng, {})
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
