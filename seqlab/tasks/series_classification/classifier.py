"""What classifiers of values share: classes, head, loss, probabilities; only inputs differ."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.data.partition import nested_subsets
from seqlab.data.splits import Splits
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Loss, Predictions
from seqlab.tasks.classification.preparing import (
    PARTS,
    class_weights_of,
    metrics_for,
    natural,
)
from seqlab.tasks.fitted_task import FittedTask
from seqlab.tasks.losses import cross_entropy
from seqlab.tasks.series_classification.collection import Collection

if TYPE_CHECKING:
    from torch import nn

    from seqlab.batch import Batch

# A training of a thousand steps or more is what counts, within a range of epochs: few series are
# seen often, and still in small batches.
STEPS, EPOCHS, SMALL, BATCHES = 1000, (15, 200), 1000, (16, 32)
_DEFAULTS: Mapping[str, Any] = {"pooling": "mean"}


class Classes(Spec):
    """Classes and how they are scored, from the training part; columns by role."""

    classes: tuple[str, ...]
    metrics: tuple[str, ...]
    columns: dict[str, str]
    examples: int
    class_weights: tuple[float, ...] = ()

    def numbers(self, labels: Sequence[str | None]) -> NDArray[np.int64]:
        """Class numbers; −1 where a label is not known."""
        number = {name: i for i, name in enumerate(self.classes)}
        known = [-1 if name is None else number.get(name, -1) for name in labels]
        return np.asarray(known, dtype=np.int64)


def fit_classes(data: Collection, splits: Splits, spec: DataSpec) -> dict[str, Any]:
    """The fields of Classes; a label that training does not know is an error."""
    labels = np.asarray(data.labels, dtype=object)
    counts = Counter(labels[splits.train])
    for part in ("valid", "test"):
        strange = [int(row) for row in getattr(splits, part) if labels[row] not in counts]
        if strange:
            raise UserError(
                f'{data.place(strange[0])}: label "{labels[strange[0]]}" is in {part} but not in'
                f" training ({len(strange):,} such examples)",
                "move an example of it into training, or take these out",
            )
    if len(counts) < 2:
        raise UserError(
            f'"{data.origin}": the training part has one class only ("{labels[splits.train[0]]}")',
            "bring more examples, or other shares with --split",
        )
    classes = tuple(sorted(counts, key=natural))
    weights = class_weights_of(classes, counts, len(splits.train), False)
    return {
        "classes": classes,
        "metrics": metrics_for(spec.metric, counts, False),
        "columns": data.columns,
        "examples": len(splits.train),
        "class_weights": weights if spec.label_weights else (),
    }


def card_of(data: Collection, splits: Splits, classes: Classes) -> dict[str, Any]:
    """What the data card says of any classifier of values."""
    counts = Counter(data.labels[row] for row in splits.train)
    return {
        "parts": {part: len(getattr(splits, part)) for part in PARTS},
        "classes": {name: counts[name] for name in classes.classes},
        "split": splits.how,
        "columns": data.columns,
        "notes": [*data.notes, *splits.notes],
    }


class ValueClassifier(FittedTask):
    """Values in, class probabilities (n, C) out; subclasses say how values become sequences."""

    fitted_type: ClassVar[type[Classes]]

    def __init__(self, fitted: Classes) -> None:
        self.fitted = fitted
        self.metrics = fitted.metrics
        self.classes = list(fitted.classes)
        batch = BATCHES[0] if fitted.examples < SMALL else BATCHES[1]
        epochs = int(np.clip(-(-STEPS * batch // fitted.examples), *EPOCHS))
        self.model_defaults = _DEFAULTS
        self.train_defaults = {"batch_size": batch, "epochs": epochs, "patience": None}

    @property
    def columns(self) -> Mapping[str, str]:
        return self.fitted.columns

    @abstractmethod
    def vectors(self, examples: Examples) -> list[NDArray[np.float32]]:
        """Standard values of each example, (steps, channels), as baselines read them."""

    def head(self, width: int) -> nn.Module:
        from torch import nn

        return nn.Linear(width, len(self.classes))

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Cross-entropy, weighted by class where that was asked for."""
        import torch

        logits = model(batch.inputs, batch.context)
        assert batch.targets is not None
        weights = self.fitted.class_weights
        weight = torch.tensor(weights, device=logits.device) if weights else None
        return Loss(
            cross_entropy(logits, batch.targets, batch.softening, weight), len(batch.targets)
        )

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """Class probabilities (B, C)."""
        logits = model(batch.inputs, batch.context).double()
        return np.asarray(logits.softmax(dim=-1).cpu().numpy())

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """Name, predicted class, its probability, and the probability of every class."""
        best = predictions.argmax(axis=1)
        columns = {
            "name": examples.frame["name"].to_numpy(),
            "predicted": np.asarray(self.classes, dtype=object)[best],
            "probability": predictions.max(axis=1),
        }
        columns |= {f"p({c})": predictions[:, i] for i, c in enumerate(self.classes)}
        return pd.DataFrame(columns)

    def subset(self, examples: Examples, size: int, seed: int) -> Examples:
        """Nested subsets, classes as in the whole."""
        rows = np.arange(len(examples))
        labels = np.asarray(examples.arrays["label"])
        return examples.take(nested_subsets(rows, [size], labels, seed)[size])
