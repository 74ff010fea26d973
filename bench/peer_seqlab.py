"""seqlab's own training of a mixer, on the texts that its peers train on.

python -m bench.peer_seqlab TEXTS BATCH WIDTH DEPTH HEADS MIXER PRECISION [lazy]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

import seqlab
from bench.peer_service import CLIP, DROPOUT, RATE, Texts, read, serve
from seqlab.data.examples import Examples, Ragged
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective
from seqlab.tasks.base import Prepared
from seqlab.tasks.classify import Classify
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.row_task import TaskState
from seqlab.tasks.targets.classes import Classes
from seqlab.training.choosing import choose
from seqlab.training.fit import fit

STACKS: dict[str, dict[str, Any]] = {  # as BERT's blocks are, and as Keras' layers follow
    "attention": {
        "norm": "post",
        "residual": True,
        "mlp": 4.0,
        "positions": "learned",
        "attention_dropout": DROPOUT,
        "pooling": "mean",
    },
    "lstm": {},
}


class _Training(TaskObjective):
    """Training alone: the peers do not validate either."""

    def validate(self, model: nn.Module) -> float:
        return 0.0


def prepared(texts: Texts) -> Prepared:
    """The texts as the fitted task that seqlab's own reading would have made of them."""
    classes = tuple(map(str, np.unique(texts.labels)))
    counted: Any = SimpleNamespace(vocabulary_size=texts.tokens)
    reader = Text(columns={}, window=texts.longest).reading_by(counted)
    target = Classes(columns={}, classes=classes, metrics=("accuracy",))
    state = TaskState(columns={}, reader="Text", examples=len(texts.ids))
    arrays = {"tokens": Ragged.of(texts.ids), "label": texts.labels}
    examples = Examples(arrays, pd.DataFrame({"label": texts.labels}))
    return Prepared(Classify(reader, target, state), examples, examples, examples, {})


def prepare() -> tuple[Callable[[], object], str]:
    """A training of one epoch, and what trains."""
    texts = read(sys.argv[1:])
    mixer, precision = sys.argv[6:8]
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    data = prepared(texts)
    fields: dict[str, Any] = {**STACKS[mixer], "embedding_dropout": DROPOUT, "dropout": DROPOUT}
    if mixer == "attention":
        fields["settings"] = {"heads": texts.heads}
    spec = ModelSpec(
        mixer=mixer, width=texts.width, depth=texts.depth, max_length=texts.longest, **fields
    )
    train = TrainSpec.read(
        {
            "learning_rate": RATE,
            "epochs": 1,
            "batch_size": texts.batch_size,
            "schedule": "linear",
            "warmup": 0.0,
            "weight_decay": 0.0,
            "clip_norm": CLIP,
            "evaluations": 1,
            "precision": precision,
            "lazy_embeddings": "lazy" in sys.argv,
        },
    )
    model = build_model(data.task, spec)

    def epoch(**changes: Any) -> None:
        now = train.with_(**changes)
        fit(model, _Training(data, data.train, now), now, settle=lambda measure: choices)

    # Once, as a study does it, and not for every epoch.
    choices = choose(model, _Training(data, data.train, train), train, steps=1000)
    epoch(steps=5)
    about = f"seqlab {seqlab.__version__}, torch {torch.__version__}"
    if "precision" in choices:
        about = f"auto in batches of {texts.batch_size}: {choices['precision']['why']}"
    return epoch, about


if __name__ == "__main__":
    serve(prepare)
