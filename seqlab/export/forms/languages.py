"""Language models: token ids in, the logits of the token after each one out."""

from __future__ import annotations

from typing import cast

import numpy as np

from seqlab.data.examples import Examples, Ragged
from seqlab.errors import UserError
from seqlab.export.forms.sequences import SequenceForm, SessionModel
from seqlab.export.runtime import Session
from seqlab.model.sequence_model import SequenceModel
from seqlab.tasks.base import Predictions
from seqlab.tasks.language import Language
from seqlab.tasks.language_modelling.network import costs


class LanguageForm(SequenceForm):
    """inputs (B, T) → outputs (B, T, V)."""

    task: Language

    def predict(self, session: Session, examples: Examples) -> Predictions:
        if self.task.settings.carried:
            raise UserError(
                "this model scores texts with its state carried along, which its file does not",
                "score them with the best/ folder: seqlab evaluate runs/mine/best DATA",
            )
        model = cast(SequenceModel, SessionModel(session))  # of which but one call is made
        parts, rows = [], []
        for batch in self.task.batches(examples, 256, 65536, None):
            found = costs(model, batch, self.task.settings).double().numpy()
            ends = batch.extra["lengths"].numpy().cumsum()[:-1]
            parts += np.split(found, ends)
            rows.append(batch.rows)
        return Ragged.of(list(parts)).take(np.argsort(np.concatenate(rows)))
