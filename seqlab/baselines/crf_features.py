"""A linear-chain CRF on hand-made features: the strong tagger of the years before networks.

A token is seen as its prefixes, suffixes, shape and itself, with its neighbours' words, endings
and shapes; a step of a signal as its values and its neighbours'. Trained by L-BFGS in CRFsuite.

Lafferty, McCallum & Pereira (2001); Okazaki (2007), CRFsuite.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from seqlab.baselines.base import Baseline, State, target_of
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.tasks.base import Predictions, Task
from seqlab.tasks.inputs.spelling import affixes, normalised, shape
from seqlab.tasks.inputs.steps import Steps
from seqlab.tasks.inputs.tokens import Tokens
from seqlab.tasks.targets.tags import Tags

CARD = {"tasks": ["tag"], "needs": "pycrfsuite", "extra": "tagging"}
SETTINGS = {"c1": 0.05, "c2": 0.01, "max_iterations": 60}
NEAR = (-2, -1, 1, 2)  # neighbours that are looked at


@registered
class CrfFeatures(Baseline):
    """The model is CRFsuite's own file, kept as bytes."""

    input_types = (Tokens, Steps)
    target_types = (Tags,)

    def __init__(self, model: bytes = b"", count: int = 0) -> None:
        self.model, self.count = model, count

    def fit(self, task: Task, train: Examples, valid: Examples, seed: int) -> Self:
        """Train with both penalties."""
        suite = _suite()
        trainer = suite.Trainer(algorithm="lbfgs", params=SETTINGS, verbose=False)
        for features, tags in zip(_seen(train), train.frame["tags"], strict=True):
            trainer.append(suite.ItemSequence(features), [str(tag) for tag in tags])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            trainer.train(str(path))
            model = path.read_bytes()
        return type(self)(model, int(trainer.logparser.featgen_num_features))

    def predict(self, task: Task, examples: Examples) -> Predictions:
        """The best tags of each sequence and their marginal probabilities: Ragged, (T, 2)."""
        classes = target_of(task, Tags).classes
        suite = _suite()
        tagger = suite.Tagger()
        tagger.open_inmemory(self.model)
        number = {name: i for i, name in enumerate(classes)}
        found: list[Array] = []
        for features in _seen(examples):
            tags = tagger.tag(suite.ItemSequence(features))
            sure = [tagger.marginal(tag, place) for place, tag in enumerate(tags)]
            found.append(np.column_stack(([number[tag] for tag in tags], sure)))
        return Ragged.of(found)

    @property
    def parameters(self) -> int:
        """One weight a feature."""
        return self.count

    def state(self) -> State:
        """The model's file."""
        return {"count": self.count}, {"model": np.frombuffer(self.model, dtype=np.uint8)}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From the model's file."""
        return cls(state[1]["model"].tobytes(), int(state[0]["count"]))


def _suite() -> Any:
    try:
        return importlib.import_module("pycrfsuite")
    except ImportError as error:
        raise UserError(
            "the baseline crf-features needs the package python-crfsuite",
            "install it with: pip install seqlab[tagging]",
        ) from error


def _seen(examples: Examples) -> list[list[Any]]:
    """The features of every position of every sequence."""
    if len(examples.frame["tokens"].iloc[0]):
        return [_of_tokens([str(t) for t in tokens]) for tokens in examples.frame["tokens"]]
    inputs = examples.ragged("inputs")
    return [_of_values(inputs[row]) for row in range(len(inputs))]


def _of_tokens(tokens: Sequence[str]) -> list[list[str]]:
    plain = [normalised(token) for token in tokens]
    rows = []
    for place, token in enumerate(tokens):
        row = ["bias", f"word:{plain[place]}", *affixes(token)]
        for step in NEAR:
            other = place + step
            if not 0 <= other < len(tokens):
                row.append(f"{step}:none")
                continue
            row.append(f"{step}:word:{plain[other]}")
            if abs(step) == 1:
                row += [f"{step}:end:{plain[other][-3:]}", f"{step}:shape:{shape(tokens[other])}"]
        rows.append(row)
    return rows


def _of_values(values: Array) -> list[dict[str, float]]:
    rows = []
    for place in range(len(values)):
        row = {"bias": 1.0}
        for step in (0, *NEAR):
            if 0 <= place + step < len(values):
                near = values[place + step].tolist()
                row |= {f"{step}:{channel}": value for channel, value in enumerate(near)}
        rows.append(row)
    return rows
