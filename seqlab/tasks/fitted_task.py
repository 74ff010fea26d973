"""What tasks share whose example is a sequence with one wanted value: batches, scores, storing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from seqlab.data.batching import plan_batches
from seqlab.data.examples import Examples
from seqlab.metrics.base import Metric
from seqlab.runs import read_json, write_json
from seqlab.specs import Spec
from seqlab.tasks.base import Predictions, Task

if TYPE_CHECKING:
    from seqlab.batch import Batch


class FittedTask(Task):
    """What was learned is `fitted`, a spec of `fitted_type`; subclasses say what a model reads."""

    fitted_type: ClassVar[type[Any]]
    fitted: Any

    @abstractmethod
    def __init__(self, fitted: Any) -> None: ...

    @abstractmethod
    def lengths(self, examples: Examples) -> NDArray[np.int64]:
        """Positions of each example, (n,)."""

    @abstractmethod
    def sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """What a model reads of some examples, (B, T) or (B, T, F), and what of it is real."""

    def wanted(self, examples: Examples) -> NDArray[Any]:
        """What is wanted of each example."""
        return np.asarray(examples.arrays["label" if "label" in examples.arrays else "target"])

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Examples of similar length together."""
        import torch

        from seqlab.batch import Batch, Context

        wanted = self.wanted(examples)
        for rows in plan_batches(self.lengths(examples), batch_size, batch_tokens, rng):
            values, mask = self.sequences(examples, rows)
            whole = np.issubdtype(values.dtype, np.integer)
            inputs = torch.from_numpy(values.astype(np.int64 if whole else np.float32, copy=False))
            full = None if mask is None or mask.all() else torch.from_numpy(mask)
            yield Batch(inputs, torch.from_numpy(wanted[rows]), Context(full), rows)

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        """Counted without gathering inputs."""
        return len(plan_batches(self.lengths(examples), batch_size, batch_tokens))

    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Any:
        """Of predictions and what is wanted, as they are."""
        return metric.collect(predictions, self.wanted(examples).astype(np.float64))

    def save(self, folder: Path) -> None:
        """`task.json`."""
        fitted: Spec = self.fitted
        write_json(folder / "task.json", fitted.plain())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        path = folder / "task.json"
        return cls(cls.fitted_type.read(read_json(path), str(path)))
