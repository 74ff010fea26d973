"""What tasks share that predict classes: head, loss and probabilities, whatever is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqlab.tasks.base import Loss, Predictions
from seqlab.tasks.row_task import RowTask, averaged
from seqlab.tasks.targets.classes import Classes

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seqlab.batch import Batch


class Classifier(RowTask):
    """An input in, class probabilities (n, C) out.

    The head gives one logit a class, or a single one for two classes (the sigmoid of textbooks:
    softmax over two logits is the same function with a spare parameter). Where an example can
    have several labels each has a logit of its own.
    """

    target_type = Classes
    target: Classes

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of the probabilities."""
        return list(self.target.classes)

    @property
    def binary(self) -> bool:
        """Whether a single logit tells the classes apart."""
        return len(self.target.classes) == 2 and not self.target.multi_label

    def head(self, width: int) -> nn.Module:
        """Logits: one a class or label; one in all for two classes."""
        from torch import nn

        return nn.Linear(width, 1 if self.binary else len(self.target.classes))

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Cross-entropy, weighted by class where that was asked for."""
        import torch

        from seqlab.tasks.losses import binary_cross_entropy, cross_entropy

        logits: Tensor = model(batch.inputs, batch.context)
        targets = batch.targets
        assert targets is not None
        weights = None
        if self.target.class_weights:
            weights = torch.tensor(self.target.class_weights, device=logits.device)
        if self.target.multi_label:
            value = binary_cross_entropy(logits, targets, batch.softening, positive_weight=weights)
        elif self.binary:
            value = binary_cross_entropy(logits.squeeze(-1), targets, batch.softening, weights)
        else:
            value = cross_entropy(logits, targets, batch.softening, weights)
        return Loss(value, len(targets))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """Probabilities (B, C) of classes or labels."""
        import torch

        logits: Tensor = model(batch.inputs, batch.context).double()
        if self.target.multi_label:
            probabilities = logits.sigmoid()
        elif self.binary:
            positive = logits.squeeze(-1).sigmoid()
            probabilities = torch.stack((1 - positive, positive), dim=-1)
        else:
            probabilities = logits.softmax(dim=-1)
        return averaged(probabilities.cpu().numpy(), batch)
