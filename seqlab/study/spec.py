"""What a study is asked to do, as one frozen record."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from seqlab.compare.margins import parts_of
from seqlab.specs import Spec
from seqlab.study.recipes import DEFAULT_RECIPES
from seqlab.tasks.base import DataSpec

NO_FOLDER = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]|[. ]$')
LONGEST_NAME_CHARACTERS = 100


class Budget(Spec):
    """What every candidate may spend, alike."""

    params: int = Field(100_000, ge=1, description="of body and head; embeddings are apart")
    epochs: int | None = Field(None, ge=1, description="None: the task's own")
    steps: int | None = Field(None, ge=1)
    train_seconds: float | None = Field(None, gt=0, description="per run")
    time: float | None = Field(
        600.0, gt=0, description="seconds for the whole study; None: as long as it takes"
    )
    seeds: int = Field(8, ge=1)
    trials: int = Field(5, ge=0)
    tune_per_seed: bool = Field(False, description="each verdict seed by trials of its own")
    fair: Literal["params", "steps", "flops", "seconds"] = Field(
        "params", description="what of training is equal; params: each trains until it is done"
    )


class Constraints(Spec):
    """What the recommendation must meet."""

    max_latency_ms: float | None = Field(None, gt=0)
    max_memory_mb: float | None = Field(None, gt=0, description="of a whole process that predicts")
    max_size_mb: float | None = Field(None, gt=0, description="of the weights as they are stored")
    max_params: int | None = Field(None, ge=1)


class FineTuning(Spec):
    """How pre-trained candidates are trained; see Origin."""

    freeze: str = Field(
        "none", description="none, embeddings, a number of layers, all-but-head or lora"
    )
    layer_decay: float = Field(0.9, gt=0, le=1, description="of the rate, layer by layer down")

    @field_validator("freeze", mode="before")
    @classmethod
    def _layers(cls, freeze: Any) -> Any:
        """A number of layers may be written as one."""
        return str(freeze) if type(freeze) is int else freeze


class StudySpec(Spec):
    """Data settings, contestants, budget and how to decide."""

    task: str
    data: DataSpec = DataSpec()
    candidates: tuple[str, ...] = DEFAULT_RECIPES
    baselines: tuple[str, ...] | None = Field(None, description="None: all that fit the task")
    budget: Budget = Budget()
    margin: float | str | None = Field(None, description="1pt, 2% or 0.01; None: the metric's own")
    accept: float | str | None = Field(
        None, description="quality given up for a cheaper contestant, written as a margin"
    )
    prefer: Literal["quality", "balanced", "cost"] = "balanced"
    sizes: tuple[int, ...] = ()
    constraints: Constraints = Constraints()
    model: dict[str, Any] = Field(default_factory=dict, description="ModelSpec fields for all")
    train: dict[str, Any] = Field(default_factory=dict, description="TrainSpec fields for all")
    finetune: FineTuning = FineTuning()
    variants: dict[str, dict[str, dict[str, Any]]] = Field(
        default_factory=dict,
        description="ways to train each candidate: a name, and its model and train settings",
    )
    backend: Literal["auto", "fused", "torch", "reference"] = "auto"
    device: str = "auto"
    workers: int | None = Field(None, ge=1)
    engine: str = Field("local", description="local, ray or ray:ADDRESS: where runs are done")
    refit: bool = False
    seed: int = Field(0, ge=0)

    @field_validator("variants")
    @classmethod
    def _name_folders(cls, variants: dict[str, Any]) -> dict[str, Any]:
        """A variant's name is part of the name of a folder, on any system."""
        for name in variants:
            if NO_FOLDER.search(name) or len(name) > LONGEST_NAME_CHARACTERS:
                raise ValueError(
                    f'"{name}" is to name a folder: at most {LONGEST_NAME_CHARACTERS} characters,'
                    ' none of / \\ : * ? " < > | among them, and no dot or space at the end'
                )
        return variants

    @model_validator(mode="after")
    def _differences(self) -> Self:
        """What a difference may look like; what fits the metric is known once there is one."""
        for name in ("margin", "accept"):
            given = getattr(self, name)
            try:
                if given is not None:
                    parts_of(given)
            except ValueError as error:
                shown = repr(given) if isinstance(given, str) else f"{given:g}"
                raise ValueError(f"{name} = {shown}: {error}") from None
        return self

    def identity(self) -> dict[str, Any]:
        """What must agree for a study to be extended; all else may grow or change."""
        plain = self.plain()
        budget = {k: plain["budget"].get(k) for k in ("params", "epochs", "steps", "train_seconds")}
        names = ("task", "data", "model", "train", "backend", "seed")
        return {**{name: plain.get(name) for name in names}, "budget": budget}
