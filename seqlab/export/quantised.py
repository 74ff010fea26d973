"""The network with 8-bit weights, kept only where it predicts as well as the network itself.

ONNX Runtime quantises the weights of products and of LSTMs, and activations as they come. It has
no such kernel for a GRU: of that, the embedding and the head alone become smaller.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab import registry
from seqlab.compare.comparison import Standing
from seqlab.compare.contestants import Contestant, Margin
from seqlab.compare.decision import Rules, compare
from seqlab.data.examples import Examples
from seqlab.export.extra import required
from seqlab.export.forms.form import Form
from seqlab.export.runtime import Session
from seqlab.metrics.base import Metric
from seqlab.tasks.base import Predictions, Task

WORTHWHILE = 0.9  # of the size, from which on there is no reason for it
AS_GOOD = ("best", "tied", "negligible")  # statuses of one that may take the other's place
WHOLE, SMALL = "float32", "int8"


@dataclass(frozen=True)
class Quantised:
    """A network with 8-bit weights, and how it stands against the one that it was made of.

    difference: its score less that of the network, in the metric's natural sign, with an interval.
    """

    content: bytes
    session: Session
    metric: str
    standing: Standing
    share: float  # of the network's size

    @property
    def kept(self) -> bool:
        """Whether it takes the network's place."""
        return self.standing.status in AS_GOOD and self.share <= WORTHWHILE

    def plain(self) -> dict[str, Any]:
        """As the card has it."""
        one = self.standing
        return {
            "kept": self.kept,
            "status": one.status,
            "metric": self.metric,
            "score": one.mean,
            "difference": [one.difference, one.low, one.high],
            "size_share": self.share,
        }


def quantised(
    form: Form, task: Task, content: bytes, test: Examples, margin: Margin | None = None
) -> Quantised:
    """The network in 8 bits, judged on the test part by the statistics of a study's verdict."""
    small = in_eight_bits(content)
    sessions = {WHOLE: Session(content), SMALL: Session(small)}
    metric: Metric = registry.load("metrics", task.metrics[0])()
    predicted = {name: form.predict(session, test) for name, session in sessions.items()}
    contestants = [
        Contestant(name, _statistics(task, metric, one, test), deterministic=True)
        for name, one in predicted.items()
    ]
    rules = Rules(margin=margin) if margin is not None else Rules()
    comparison = compare(contestants, metric, blocks=task.dependence([test]), rules=rules)
    standing = next(one for one in comparison.standings if one.name == SMALL)
    return Quantised(small, sessions[SMALL], metric.name, standing, len(small) / len(content))


def in_eight_bits(content: bytes) -> bytes:
    """The same network with weights of 8 bits."""
    onnx = required("onnx")
    required("onnxruntime")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load_model_from_string(content)
    logger = logging.getLogger()
    level = logger.level
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)  # advice to prepare a model that is prepared
        try:
            path = Path(folder) / "model.onnx"
            # Products of 8 × 8 bits overflow 16 on processors without VNNI: 7 bits do not.
            quantize_dynamic(model, path, weight_type=QuantType.QInt8, reduce_range=True)
            return path.read_bytes()
        finally:
            logger.setLevel(level)


def _statistics(
    task: Task, metric: Metric, predictions: Predictions, test: Examples
) -> NDArray[np.float64]:
    return np.asarray(task.statistics(metric, predictions, test))[None]
