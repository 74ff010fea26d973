"""What a contestant that learned nothing reaches on the test part, whether or not it competes."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.recipes import floor_of
from seqlab.study.stages import Conditions


def floor_statistics(conditions: Conditions) -> Array | None:
    """Its statistics of the primary metric, (examples, K), the folds' one after the other."""
    name, metric = conditions.planner.task.name, conditions.metric
    parts = []
    for fold in range(len(conditions.planner.data)):
        prepared = load_prepared(name, conditions.folder / f"prepared/fold{fold}")
        task, test = prepared.task, prepared.test
        kind = floor_of(task)
        if kind is None:
            return None
        fitted = kind().fit(task, prepared.train, prepared.valid, seed=0)
        parts.append(task.statistics(metric, fitted.predict(task, test), test))
    return np.concatenate(parts)
