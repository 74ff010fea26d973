"""What inputs of numbers share, series and images: how they train, and how baselines read them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.parts import Input

# A training of a thousand steps or more is what counts, within a range of epochs: few examples are
# seen often, and still in small batches.
TRAIN_STEPS, EPOCH_BOUNDS, FEW_EXAMPLES, BATCH_ROWS = 1000, (15, 200), 1000, (16, 32)


class ValueInput(Input):
    """Numbers of some channels at each position."""

    row_by_row = False

    @abstractmethod
    def vectors(self, examples: Examples) -> list[NDArray[np.float32]]:
        """Standard values of each example, (steps, channels), as baselines read them."""

    def model_defaults(self) -> dict[str, Any]:
        return {"pooling": "mean"}

    def train_defaults(self, examples: int) -> dict[str, Any]:
        batch = BATCH_ROWS[0] if examples < FEW_EXAMPLES else BATCH_ROWS[1]
        epochs = int(np.clip(-(-TRAIN_STEPS * batch // examples), *EPOCH_BOUNDS))
        return {"batch_size": batch, "epochs": epochs, "patience": None}
