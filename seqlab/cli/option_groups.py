"""Groups of options that commands share: such a parameter becomes the options of its fields."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, get_type_hints

import typer

from seqlab.cli import options as o

TIME_SERIES = "Forecasting"
BUDGET = "The budget"
DECISION = "The decision"


def _said(panel: str | None, words: str, *flags: str, **limits: Any) -> Any:
    return typer.Option(*flags, help=words, rich_help_panel=panel, **limits)


@dataclass(frozen=True)
class DataOptions:
    """How the data are read, divided and judged."""

    task: Annotated[
        str | None,
        _said(
            o.DATA, "classify, forecast, tag, translate, …; by default recognised from the data."
        ),
    ] = None
    columns: o.Columns = None
    delimiter: o.Delimiter = None
    encoding: o.Encoding = None
    split: Annotated[
        str | None,
        _said(
            o.DATA,
            "Shares of training, validation and test, 60/20/20; or the dates where "
            "validation and test begin, 2016-07-01,2017-11-01.",
        ),
    ] = None
    group: Annotated[
        str | None,
        _said(
            o.DATA,
            "Column that says whose a row is (subject, author, document): rows of one value stay "
            "in one part and count as one observation.",
        ),
    ] = None
    folds: Annotated[
        int | None, _said(o.DATA, "Folds of a cross-validation, for small data.", min=2)
    ] = None
    keep_duplicates: Annotated[
        bool, _said(o.DATA, "Keep training rows that also occur in test.", "--keep-duplicates")
    ] = False
    horizon: Annotated[int | None, _said(TIME_SERIES, "Steps to forecast.", min=1)] = None
    lookback: Annotated[
        int | None, _said(TIME_SERIES, "Past steps that a forecast reads.", min=1)
    ] = None
    season: Annotated[int | None, _said(TIME_SERIES, "Steps in a season.", min=1)] = None
    metric: Annotated[str | None, _said(DECISION, "The primary metric.")] = None

    def reading(self) -> dict[str, Any]:
        """What a file's reader is told."""
        return {"delimiter": self.delimiter, "encoding": self.encoding}

    def settings(self, given: dict[str, Any]) -> dict[str, Any]:
        """Fields of DataSpec: what is said here goes before what the sections say."""
        names = ("split", "group", "folds", "horizon", "lookback", "season", "metric")
        said = o.said(**{name: getattr(self, name) for name in names})
        kept = o.said(keep_duplicates=self.keep_duplicates or None)
        return {**o.data_settings(given), **said, **kept}


@dataclass(frozen=True)
class BudgetOptions:
    """What every contestant may use."""

    params: Annotated[
        str | None, _said(BUDGET, "Parameters of each, without embeddings: 200k.")
    ] = None
    epochs: Annotated[int | None, _said(BUDGET, "Most epochs of each run.", min=1)] = None
    steps: Annotated[
        int | None, _said(BUDGET, "Training steps of each run, instead of epochs.", min=1)
    ] = None
    time: Annotated[
        str | None,
        _said(BUDGET, "Time limit of the whole study: 90s, 10m, 1.5h, or none; 10m by default."),
    ] = None
    train_seconds: Annotated[
        float | None, _said(BUDGET, "Training time of each run, in seconds.")
    ] = None
    seeds: Annotated[
        int | None, _said(BUDGET, "Verdict runs of each contestant; 8 by default.", min=1)
    ] = None
    trials: Annotated[
        int | None, _said(BUDGET, "Tuning runs of each contestant; 5 by default.", min=0)
    ] = None
    tune_per_seed: Annotated[
        bool,
        _said(
            BUDGET,
            "Tune every verdict run by trials of its own: compares whole pipelines, at as many "
            "times the tuning as there are seeds.",
            "--tune-per-seed",
        ),
    ] = False
    fair: Annotated[
        str | None,
        _said(
            BUDGET,
            "What of training is equal: params (each trains until it is done, by default), steps, "
            "flops or seconds.",
        ),
    ] = None

    def settings(self, given: dict[str, Any]) -> dict[str, Any]:
        """Fields of Budget: what is said here goes before what the section says."""
        return {
            **given.get("budget", {}),
            **o.said(
                params=None if self.params is None else o.count(self.params, "--params"),
                epochs=self.epochs,
                steps=self.steps,
                train_seconds=o.above_zero(self.train_seconds, "--train-seconds"),
                seeds=self.seeds,
                trials=self.trials,
                tune_per_seed=self.tune_per_seed or None,
                fair=self.fair,
            ),
            **({} if self.time is None else {"time": o.limit(self.time)}),
        }


@dataclass(frozen=True)
class DecisionOptions:
    """What counts as better, and what the recommended contestant must keep."""

    margin: Annotated[
        str | None,
        _said(
            DECISION,
            "Smallest difference that matters: 1pt (a hundredth of a score from 0 to 1), 2% (of "
            "the best value), or a number: in the metric's units, a share where it is an error.",
        ),
    ] = None
    accept: Annotated[
        str | None,
        _said(
            DECISION,
            "How much quality you give for a cheaper contestant, written as a margin: 2pt.",
        ),
    ] = None
    prefer: Annotated[
        str | None,
        _said(
            DECISION,
            "What is recommended: the best (quality), the cheapest within the margin of it "
            "(balanced, by default), or the cheapest of all that may be best (cost).",
        ),
    ] = None
    max_latency_ms: Annotated[
        float | None, _said(DECISION, "Limit: median latency of one example.")
    ] = None
    max_memory_mb: Annotated[
        float | None, _said(DECISION, "Limit: memory of the whole process.")
    ] = None
    max_size_mb: Annotated[float | None, _said(DECISION, "Limit: size of the stored weights.")] = (
        None
    )
    max_params: Annotated[
        str | None, _said(DECISION, "Limit: parameters of the recommended contestant.")
    ] = None

    def settings(self, given: dict[str, Any]) -> dict[str, Any]:
        """Fields of StudySpec: what is said here goes before what the settings say."""
        said = o.said(
            margin=o.difference(self.margin, "--margin"),
            accept=o.difference(self.accept, "--accept"),
            prefer=self.prefer,
        )
        return {**said, "constraints": self.constraints(given)}

    def constraints(self, given: dict[str, Any]) -> dict[str, Any]:
        """Fields of Constraints: what is said here goes before what the section says."""
        most = None if self.max_params is None else o.count(self.max_params, "--max-params")
        return {
            **given.get("constraints", {}),
            **o.said(
                max_latency_ms=o.above_zero(self.max_latency_ms, "--max-latency-ms"),
                max_memory_mb=o.above_zero(self.max_memory_mb, "--max-memory-mb"),
                max_size_mb=o.above_zero(self.max_size_mb, "--max-size-mb"),
                max_params=most,
            ),
        }


@dataclass(frozen=True)
class MachineOptions:
    """On what, with what, and by which chance."""

    backend: Annotated[
        str | None, _said(None, "auto, fused, torch or reference; auto by default.")
    ] = None
    device: Annotated[str | None, _said(None, "auto, cpu or cuda; auto by default.")] = None
    workers: Annotated[
        int | None, _said(None, "Processes; one for each core by default.", min=1)
    ] = None
    engine: Annotated[
        str | None,
        _said(
            None,
            "Where runs are done: local (by default), ray (a Ray of its own on this machine) or "
            "ray:ADDRESS (a cluster; run the command on one of its nodes).",
        ),
    ] = None
    seed: o.Seed = None

    def settings(self) -> dict[str, Any]:
        """Fields of StudySpec."""
        return o.said(**{field.name: getattr(self, field.name) for field in fields(self)})


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the fields of its groups as options of its own, in the groups' places."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    options: list[inspect.Parameter] = []
    for name, own in inspect.signature(command).parameters.items():
        options += (
            _options(groups[name]) if name in groups else [own.replace(annotation=hints[name])]
        )

    @functools.wraps(command)
    def called(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        command(**given)

    options = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options]
    del called.__wrapped__  # its signature is the new one
    called.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    called.__annotations__ = {option.name: option.annotation for option in options}
    return called


def _options(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(field.name, kind, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]
