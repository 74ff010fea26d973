"""Taggers: scores and the best sequence of tags in one network, which loops over positions."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from seqlab.data.examples import Examples, Ragged
from seqlab.export.forms.sequences import SequenceForm, SequenceNetwork, SessionModel
from seqlab.export.operators.marginals import traced_marginals
from seqlab.export.operators.viterbi import traced_viterbi
from seqlab.export.runtime import Session
from seqlab.tasks.base import Predictions
from seqlab.tasks.targets.tag_head import ChainAlgorithms, TagHead

TRACED = ChainAlgorithms(traced_viterbi, traced_marginals)


class TagForm(SequenceForm):
    """inputs (B, T, …) and mask (B, T) → tags (B, T), numbers, and the probability of each."""

    output_names = ("tags", "probabilities")

    @cached_property
    def network(self) -> nn.Module:
        assert self.model is not None
        return TagNetwork(self.model).eval()

    def predict(self, session: Session, examples: Examples) -> Predictions:
        parts, rows, model = [], [], SessionModel(session)
        for batch in self.task.batches(examples, 256, 65536, None):
            mask = batch.context.mask
            real = torch.ones(batch.inputs.shape[:2]).bool() if mask is None else mask
            tags, probabilities = model.outputs(batch.inputs, batch.context)
            both = np.stack((tags.astype(np.float64), probabilities), axis=-1)
            parts += [one[keep] for one, keep in zip(both, real.numpy(), strict=True)]
            rows.append(batch.rows)
        return Ragged.of(list(parts)).take(np.argsort(np.concatenate(rows)))


class TagNetwork(SequenceNetwork):
    """A model with the decoding of its head."""

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The best tags that the scheme allows, and how probable each is."""
        assert mask is not None
        head = self.model.head
        assert isinstance(head, TagHead)
        return head.decode(super().forward(inputs, mask), mask, TRACED)
