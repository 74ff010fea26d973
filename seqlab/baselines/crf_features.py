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
from scipy import sparse

from seqlab.baselines.base import Baseline, State, target_of
from seqlab.baselines.checked import checked, sparse_matrix
from seqlab.baselines.crfsuite_model import CrfModel, read_model
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.inputs.steps import Steps
from seqlab.tasks.inputs.tokens import Tokens, affixes, normalised_word, shape
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.tags import Tags

CARD = {
    "title": "CRF on hand-made features",
    "tasks": ["tag"],
    "needs": "pycrfsuite",
    "extra": "tagging",
}
SETTINGS = {"c1": 0.05, "c2": 0.01, "max_iterations": 60}
NEIGHBOUR_OFFSETS = (-2, -1, 1, 2)  # tokens that are looked at beside each
DECODED_AT_ONCE = 256  # sequences


@registered
class CrfFeatures(Baseline[RowTask]):
    """Weights of features by tag, and of the steps from tag to tag; CRFsuite only trains them."""

    input_types = (Tokens, Steps)
    target_types = (Tags,)

    def __init__(self, model: CrfModel | None = None) -> None:
        self.model = model

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Train with both penalties."""
        suite = _suite()
        trainer = suite.Trainer(algorithm="lbfgs", params=SETTINGS, verbose=False)
        for features, tags in zip(_seen(train), train.frame["tags"], strict=True):
            trainer.append(suite.ItemSequence(features), [str(tag) for tag in tags])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            trainer.train(str(path))
            return type(self)(read_model(path.read_bytes()))

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """The best tags of each sequence and their marginal probabilities: Ragged, (T, 2)."""
        assert self.model is not None
        number = {name: i for i, name in enumerate(target_of(task, Tags).classes)}
        classes = np.array([number[label] for label in self.model.labels])
        sequences = _seen(examples)
        # Sequences of similar length go together, so that little of a batch is padding.
        order = sorted(range(len(sequences)), key=lambda row: len(sequences[row]))
        tagged: dict[int, Array] = {}
        for start in range(0, len(order), DECODED_AT_ONCE):
            rows = order[start : start + DECODED_AT_ONCE]
            decoded = _decoded(self.model, [sequences[row] for row in rows])
            tagged |= zip(rows, decoded, strict=True)
        return Ragged.of(
            [
                np.column_stack((classes[tagged[row][:, 0].astype(int)], tagged[row][:, 1]))
                for row in range(len(sequences))
            ]
        )

    @property
    def parameters(self) -> int:
        """One weight a feature and a step."""
        assert self.model is not None
        return int(self.model.weights.nnz + np.count_nonzero(self.model.steps))

    def state(self) -> State:
        """Names as JSON, weights as arrays."""
        assert self.model is not None
        weights = self.model.weights
        arrays = {"data": weights.data, "indices": weights.indices, "indptr": weights.indptr}
        names = {"labels": self.model.labels, "attributes": self.model.attributes}
        return names, {**arrays, "steps": self.model.steps}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From names and weights."""
        names, arrays = state
        labels, attributes = (list(map(str, names[n])) for n in ("labels", "attributes"))
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        weights = sparse_matrix(*parts, columns=len(labels))
        steps = checked(arrays, steps="L L")["steps"].astype(np.float64)
        if weights.shape[0] != len(attributes) or len(steps) != len(labels) or not labels:
            raise ValueError("names and weights do not fit")
        return cls(CrfModel(labels, attributes, weights, steps))


def _decoded(model: CrfModel, sequences: list[list[Any]]) -> list[Array]:
    """The number of the best label at each place, and its marginal probability: (T, 2) each."""
    import torch

    from seqlab.tasks.targets.tag_head import Transitions, marginals, viterbi

    lengths = np.array([len(features) for features in sequences])
    mask = np.arange(lengths.max()) < lengths[:, None]  # (B, T)
    emissions = np.zeros((*mask.shape, len(model.labels)))
    emissions[mask] = _emissions(model, [place for features in sequences for place in features])
    none = torch.zeros(len(model.labels), dtype=torch.float64)
    steps = Transitions(torch.from_numpy(model.steps), none, none)
    given = (torch.from_numpy(emissions), torch.from_numpy(mask), steps)
    tags = viterbi(*given)
    sure = marginals(*given).gather(2, tags.unsqueeze(-1)).squeeze(-1)
    both = torch.stack((tags.double(), sure), dim=-1).numpy()
    return [both[row, :length] for row, length in enumerate(lengths)]


def _emissions(model: CrfModel, places: list[Any]) -> Array:
    """The score of each label at each place, (places, L): the sum over its features."""
    number = {name: i for i, name in enumerate(model.attributes)}
    rows, columns, values = [], [], []
    for row, features in enumerate(places):
        valued = features.items() if isinstance(features, dict) else ((f, 1.0) for f in features)
        for feature, value in valued:
            if feature in number:
                rows.append(row)
                columns.append(number[feature])
                values.append(value)
    shape = (len(places), len(model.attributes))
    return np.asarray(
        (sparse.csr_matrix((values, (rows, columns)), shape) @ model.weights).todense()
    )


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
    plain = [normalised_word(token) for token in tokens]
    rows = []
    for place, token in enumerate(tokens):
        row = ["bias", f"word:{plain[place]}", *affixes(token)]
        for step in NEIGHBOUR_OFFSETS:
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
        for step in (0, *NEIGHBOUR_OFFSETS):
            if 0 <= place + step < len(values):
                near = values[place + step].tolist()
                row |= {f"{step}:{channel}": value for channel, value in enumerate(near)}
        rows.append(row)
    return rows
