"""Trackers, opt-in: each evaluation's numbers to TensorBoard, Weights & Biases, MLflow or trackio.

A tracker is imported when a training begins. Whatever goes wrong in it is kept as `failure`: that
ends the tracking, never the training.
"""

from __future__ import annotations

import importlib.util
import os
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from seqlab.errors import UserError
from seqlab.training.hooks import Hook, Progress

Numbers = dict[str, float]


class Tracker(Hook):
    """Subclasses open something, log records and close it; they may raise whatever they like."""

    package: str

    def __init__(self, folder: Path, name: str, settings: dict[str, Any]) -> None:
        self.folder, self.name, self.settings = folder, name, settings
        self.failure: str | None = None

    @abstractmethod
    def open(self) -> None:
        """Begin a run."""

    @abstractmethod
    def log(self, step: int, numbers: Numbers) -> None:
        """One evaluation."""

    @abstractmethod
    def close(self) -> None:
        """End the run."""

    def on_train_begin(self, progress: Progress) -> None:
        self._try(self.open)

    def on_evaluate(self, progress: Progress) -> None:
        record = progress.history.records[-1]
        numbers = {name: value for name, value in record.items() if name != "step"}
        self._try(lambda: self.log(int(record["step"]), numbers))

    def on_train_end(self, progress: Progress) -> None:
        self._try(self.close)

    def _try(self, act: Callable[[], None]) -> None:
        if self.failure is not None:
            return
        try:
            act()
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"


class TensorBoard(Tracker):
    """Event files below tracking/tensorboard: tensorboard --logdir STUDY/tracking."""

    package = "tensorboard"

    def open(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer: Any = SummaryWriter(self.folder / "tensorboard" / self.name)

    def log(self, step: int, numbers: Numbers) -> None:
        for name, value in numbers.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        self.writer.close()


class WeightsAndBiases(Tracker):
    """Offline unless WANDB_MODE says otherwise: `wandb sync` sends it later."""

    package = "wandb"

    def open(self) -> None:
        import wandb

        self.folder.mkdir(parents=True, exist_ok=True)
        self.run = wandb.init(
            project="seqlab",
            name=self.name,
            dir=str(self.folder),
            config=self.settings,
            mode=os.environ.get("WANDB_MODE", "offline"),
            reinit="create_new",
            settings=wandb.Settings(silent=True),  # a study shows its own progress
        )

    def log(self, step: int, numbers: Numbers) -> None:
        self.run.log(numbers, step=step)

    def close(self) -> None:
        self.run.finish()


class MLflow(Tracker):
    """A SQLite file below tracking: mlflow ui --backend-store-uri sqlite:///STUDY/tracking/…"""

    package = "mlflow"

    def open(self) -> None:
        from mlflow.tracking import MlflowClient

        self.folder.mkdir(parents=True, exist_ok=True)
        # Of several workers one makes the tables, and one the experiment.
        with FileLock(self.folder / "mlflow.lock"):
            self.client = MlflowClient(f"sqlite:///{(self.folder / 'mlflow.db').resolve()}")
            known = self.client.get_experiment_by_name("seqlab")
            experiment = known.experiment_id if known else self.client.create_experiment("seqlab")
        self.run = self.client.create_run(experiment, run_name=self.name).info.run_id
        for name, value in self.settings.items():
            self.client.log_param(self.run, name, value)

    def log(self, step: int, numbers: Numbers) -> None:
        for name, value in numbers.items():
            self.client.log_metric(self.run, name, value, step=step)

    def close(self) -> None:
        self.client.set_terminated(self.run)


class Trackio(Tracker):
    """A local store: TRACKIO_DIR=STUDY/tracking/trackio trackio show --project seqlab."""

    package = "trackio"

    def open(self) -> None:
        # Read when trackio is imported; a user's own place is kept.
        os.environ.setdefault("TRACKIO_DIR", str((self.folder / "trackio").resolve()))
        import trackio

        self.run = trackio.init(project="seqlab", name=self.name, config=self.settings)

    def log(self, step: int, numbers: Numbers) -> None:
        self.run.log(numbers, step=step)

    def close(self) -> None:
        self.run.finish()


TRACKERS: dict[str, type[Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
    "mlflow": MLflow,
    "trackio": Trackio,
}


def check_tracker(name: str | None) -> None:
    """Refuse a tracker that is not installed, before anything is trained."""
    if name is not None and importlib.util.find_spec(TRACKERS[name].package) is None:
        installed = [n for n, t in TRACKERS.items() if importlib.util.find_spec(t.package)]
        raise UserError(
            f'train.tracker = "{name}": not installed; pip install "seqlab[{name}]"',
            f"installed: {', '.join(installed) or 'none'}",
        )
