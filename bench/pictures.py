"""The pictures of docs/training.md, drawn from the code that they show.

python -m bench.pictures [NAME …] – writes docs/pictures/*.svg; trains small models for a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from bench.charts import Curve, Panel, svg
from seqlab import registry
from seqlab.data.augmentation import SERIES_AUGMENTATIONS, augment_values
from seqlab.data.table import Table
from seqlab.specs import Augmentation, ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.gradient_flow import measure_flow
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.training.fit import fit
from seqlab.training.history import History
from seqlab.training.range_test import range_test
from seqlab.training.schedules import schedule

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
STEPS = 400
SHAPES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("constant", {"schedule": "constant"}),
    ("linear", {"schedule": "linear"}),
    ("cosine", {"schedule": "cosine"}),
    ("inverse_sqrt", {"schedule": "inverse_sqrt"}),
    ("wsd", {"schedule": "wsd"}),
    ("one_cycle, warmup 0.3", {"schedule": "one_cycle", "warmup": 0.3}),
    ("cyclic triangular", {"schedule": "cyclic", "cycle": "triangular"}),
    ("cyclic triangular2", {"schedule": "cyclic", "cycle": "triangular2"}),
    ("cyclic exp", {"schedule": "cyclic", "cycle": "exp"}),
)
BINS = 5  # of confidence, as many answers in each
SPLIT = "30/50/20"  # few texts to learn from, many to measure on


def schedules() -> str:
    """Each schedule's factor over a training."""
    panels = []
    for name, fields in SHAPES:
        factor = schedule(TrainSpec.read(fields), STEPS)
        curve = Curve("", range(STEPS), [factor(step) for step in range(STEPS)])
        panels.append(Panel(name, "step", "factor", [curve]))
    return svg(panels)


def clipping() -> str:
    """A plain recurrence at a high rate, with and without a limit on the norm of its gradients."""
    prepared = texts(words=12, telling=5, rows=1500)
    model = {"mixer": "rnn", "settings": {"gain": 1.2}, "pooling": "mean", "dropout": 0.0}
    given = {"optimizer": "sgd", "schedule": "constant", "learning_rate": 0.5, "batch_size": 32}
    given |= {"epochs": 12, "evaluations": 45, "retries": 0}
    curves = []
    for name, limit in (("clip_norm = 1", 1.0), ("no clipping", None)):
        records = trained(prepared, model, {**given, "clip_norm": limit}).records
        steps = [record["step"] for record in records]
        curves.append(Curve(name, steps, [record["train_loss"] for record in records]))
    return svg([Panel("Training loss", "step", "nats", curves)])


def dropout() -> str:
    """Little data: what training gains alone, and what validation has of it."""
    losses: dict[str, list[Curve]] = {"train_loss": [], "valid": []}
    for rate in (0.0, 0.5):
        model = {"mixer": "gru", "dropout": rate, "embedding_dropout": rate, "pooling": "mean"}
        given = {"epochs": 20, "evaluations": 20, "schedule": "constant", "learning_rate": 4e-3}
        records = trained(texts(), model, given).records
        epochs = [record["epoch"] for record in records]
        for name, curves in losses.items():
            values = [record[name] for record in records]
            curves.append(Curve(f"dropout = {rate:g}", epochs, values))
    titles = {"train_loss": "Training loss", "valid": "Validation loss"}
    return svg([Panel(titles[name], "epoch", "nats", curves) for name, curves in losses.items()])


def averaging() -> str:
    """Weights as they are, and averaged, at a rate that stays high."""
    curves = []
    for name, fields in (("as they are", {}), ("ema = 0.95", {"ema": 0.95}), ("swa", {"swa": 0.6})):
        model = {"mixer": "gru", "dropout": 0.5, "embedding_dropout": 0.5, "pooling": "mean"}
        given = {"epochs": 10, "evaluations": 40, "schedule": "constant", "learning_rate": 1e-2}
        records = trained(texts(), model, {**given, "batch_size": 16, **fields}).records
        epochs = [record["epoch"] for record in records]
        curves.append(Curve(name, epochs, [record["valid"] for record in records]))
    return svg([Panel("Validation loss of the weights", "epoch", "nats", curves)])


def label_smoothing() -> str:
    """How often a model is right at each confidence, trained with hard labels and with softer."""
    prepared = texts()
    curves = [Curve("as sure as right", [0.5, 1.0], [0.5, 1.0], dashed=True, colour=4)]
    for name, smoothing in (("hard labels", 0.0), ("label_smoothing = 0.2", 0.2)):
        # Judged once, at the end: the best weights of more would be those before it is too sure.
        given = {"epochs": 16, "evaluations": 1, "label_smoothing": smoothing}
        seen: list[Any] = []
        model = {"mixer": "gru", "dropout": 0.0, "pooling": "mean"}
        trained(prepared, model, {"learning_rate": 4e-3, **given}, seen)
        sure, right = _confidence(prepared, seen[0])
        edges = np.quantile(sure, np.linspace(0, 1, BINS + 1))
        bins = np.clip(np.searchsorted(edges, sure, side="right") - 1, 0, BINS - 1)
        points = [(sure[bins == b].mean(), right[bins == b].mean()) for b in np.unique(bins)]
        curves.append(Curve(name, *zip(*points, strict=True)))
    return svg([Panel("Calibration", "confidence", "share that is right", curves)])


def _confidence(prepared: Prepared, model: Any) -> tuple[Any, Any]:
    from seqlab.study.examination import Sureness

    valid = prepared.valid
    found = prepared.task.statistics(Sureness(), predict_all(prepared.task, model, valid), valid)
    return found[:, 0], found[:, 1]


def augmentation() -> str:
    """One series, and what each augmentation makes of it in three epochs."""
    times = np.arange(80)
    wave = np.sin(times / 6) + 0.5 * np.sin(times / 2.3) * (times > 40)
    series = wave[None, :, None].astype(np.float32)
    mask = np.ones((1, len(times)), dtype=bool)
    panels = []
    for kind in SERIES_AUGMENTATIONS:
        one = Augmentation(kind=kind, rate=0.25)  # type: ignore[arg-type]
        curves = [Curve("as it is", times.tolist(), wave.tolist(), dashed=True, colour=4)]
        for epoch in range(3):
            varied = augment_values(series, mask, one, np.random.default_rng(epoch))[0, :, 0]
            name = f"epoch {epoch + 1}"
            curves.append(Curve(name, times.tolist(), varied.tolist(), colour=epoch))
        panels.append(Panel(f"{kind}, rate 0.25", "position", "value", curves))
    return svg(panels)


def lr_find() -> str:
    """The loss while the rate rises, and the rate to try first."""
    curves, marks = [], []
    for mixer in ("gru", "attention"):
        torch.manual_seed(0)
        prepared, spec = texts(), TrainSpec(batch_size=32)
        model = build_model(prepared.task, ModelSpec(mixer=mixer, width=24, pooling="mean"))
        found = range_test(model, TaskObjective(prepared, prepared.train, spec), spec, 120)
        curves.append(Curve(mixer, found.rates, found.losses))
        if found.suggestion is not None:
            marks.append((found.suggestion, mixer))
    return svg([Panel("Range test", "learning rate", "loss", curves, "x", marks)])


def gradients() -> str:
    """How far back an untrained layer of each kind hears the loss at the last position."""
    prepared, curves = texts(words=100, rows=200), []
    kinds = (("rnn", {}), ("lstm", {}), ("transformer", {"residual": True, "norm": "pre"}))
    for name, fields in kinds:
        mixer = "attention" if name == "transformer" else name
        spec = ModelSpec(mixer=mixer, width=32, dropout=0.0, **fields)  # type: ignore[arg-type]
        flow = measure_flow(prepared, build_model(prepared.task, spec), TrainSpec())
        norms = flow.reaches["blocks.0"].norms
        curves.append(Curve(name, range(len(norms)), [norm / norms[0] for norm in norms]))
    label = "‖∂loss/∂h‖ over that at 0"
    return svg([Panel("Gradient flow", "positions before the last", label, curves, "y")])


@cache
def texts(words: int = 20, telling: int = 2, rows: int = 1000) -> Prepared:
    """Texts of random words, of which a few tell the class, most of the time."""
    rng = np.random.default_rng(0)
    table = []
    for row in range(rows):
        label = row % 2
        said = [f"w{n}" for n in rng.integers(0, 300, words)]
        for place in rng.choice(words, telling, replace=False):
            truth = label if rng.random() < 0.85 else 1 - label
            said[place] = f"{'bad' if truth else 'good'}{rng.integers(0, 20)}"
        table.append((" ".join(said), ("a", "b")[label]))
    frame = pd.DataFrame(table, columns=["text", "label"])
    task = registry.load("tasks", "classify")
    prepared: Prepared = task.prepare(
        Sources(Table(frame, "texts", ())), DataSpec(split=SPLIT, metric="log-loss"), 0
    )[0]
    return prepared


def trained(
    prepared: Prepared,
    model: dict[str, Any],
    train: dict[str, Any],
    keep: list[Any] | None = None,
) -> History:
    """The history of a training; its score is the validation loss."""
    torch.manual_seed(0)
    spec = TrainSpec.read({"patience": None, **train})
    built = build_model(prepared.task, ModelSpec.read({"width": 24, **model}))
    history = fit(built, TaskObjective(prepared, prepared.train, spec), spec)
    if keep is not None:
        keep.append(built)
    return history


PICTURES: dict[str, Callable[[], str]] = {
    "schedules": schedules,
    "clipping": clipping,
    "dropout": dropout,
    "averaging": averaging,
    "label-smoothing": label_smoothing,
    "augmentation": augmentation,
    "lr-find": lr_find,
    "gradient-flow": gradients,
}


def main(names: list[str]) -> None:
    """Write the pictures, or those that are named."""
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or PICTURES:
        (FOLDER / f"{name}.svg").write_text(PICTURES[name](), encoding="utf-8")
        print(f"docs/pictures/{name}.svg")


if __name__ == "__main__":
    main(sys.argv[1:])
