"""Groups of options that commands share: such a parameter becomes the options of its fields."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, get_type_hints

from seqlab.cli import options as o


@dataclass(frozen=True)
class DataOptions:
    """How the data are read, divided and judged."""

    task: Annotated[
        str | None,
        o.option(
            o.TASK,
            "What is wanted: classify, regress, tag, span, series, images, forecast, language, "
            "translate or transcribe.",
            default="recognised from the data",
            example="--task series",
            metavar="NAME",
        ),
    ] = None
    columns: o.Columns = None
    delimiter: o.Delimiter = None
    encoding: o.Encoding = None
    split: Annotated[
        str | None,
        o.option(
            o.DATA,
            "Shares of training, validation and test; or the dates where validation and test "
            "begin.",
            default="the task's own",
            example="--split 60/20/20, or --split 2016-07-01,2017-11-01",
            metavar="SHARES",
        ),
    ] = None
    group: Annotated[
        str | None,
        o.option(
            o.DATA,
            "Column that says whose a row is (subject, author, document): rows of one value stay "
            "in one part and count as one observation.",
            default="none",
            example="--group customer",
            metavar="COLUMN",
        ),
    ] = None
    folds: Annotated[
        int | None,
        o.option(
            o.DATA,
            "Folds of a cross-validation, for small data: every row is tested once.",
            default="none",
            example="--folds 5",
            metavar="N",
            min=2,
        ),
    ] = None
    keep_duplicates: Annotated[
        bool, o.option(o.DATA, "Keep training rows that also occur in test.", "--keep-duplicates")
    ] = False
    horizon: Annotated[
        int | None,
        o.option(
            o.TASK,
            "Steps to forecast.",
            default="told from the data",
            example="--horizon 28",
            metavar="N",
            min=1,
        ),
    ] = None
    lookback: Annotated[
        int | None,
        o.option(
            o.TASK,
            "Past steps that a forecast reads.",
            default="told from the data",
            example="--lookback 96",
            metavar="N",
            min=1,
        ),
    ] = None
    season: Annotated[
        int | None,
        o.option(
            o.TASK,
            "Steps in a season.",
            default="told from the data",
            example="--season 7",
            metavar="N",
            min=1,
        ),
    ] = None
    metric: Annotated[
        str | None,
        o.option(
            o.TASK,
            "The metric that decides.",
            default="the task's own",
            example="--metric macro-f1",
            metavar="NAME",
        ),
    ] = None

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
        str | None,
        o.option(
            o.BUDGET,
            "Parameters of each network, without embeddings.",
            default="100k",
            example="--params 200k",
            metavar="N",
        ),
    ] = None
    epochs: Annotated[
        int | None,
        o.option(
            o.BUDGET,
            "Most epochs of each run.",
            default="the task's own",
            example="--epochs 20",
            metavar="N",
            min=1,
        ),
    ] = None
    steps: Annotated[
        int | None,
        o.option(
            o.BUDGET,
            "Training steps of each run, instead of epochs.",
            default="none",
            example="--steps 2000",
            metavar="N",
            min=1,
        ),
    ] = None
    time: Annotated[
        str | None,
        o.option(
            o.BUDGET,
            "Time limit of the whole study, with its unit (s, m or h), or none.",
            default="10m",
            example="--time 90s, --time 1.5h or --time none",
            metavar="DURATION",
        ),
    ] = None
    train_seconds: Annotated[
        float | None,
        o.option(
            o.BUDGET,
            "Training time of each run, in seconds.",
            default="no limit",
            example="--train-seconds 30",
            metavar="SECONDS",
        ),
    ] = None
    seeds: Annotated[
        int | None,
        o.option(
            o.BUDGET,
            "Verdict runs of each contestant.",
            default="8",
            example="--seeds 16",
            metavar="N",
            min=1,
        ),
    ] = None
    trials: Annotated[
        int | None,
        o.option(
            o.BUDGET,
            "Tuning runs of each contestant.",
            default="5",
            example="--trials 10",
            metavar="N",
            min=0,
        ),
    ] = None
    tune_per_seed: Annotated[
        bool,
        o.option(
            o.BUDGET,
            "Tune every verdict run by trials of its own: compares whole pipelines, at as many "
            "times the tuning as there are seeds.",
            "--tune-per-seed",
        ),
    ] = False
    fair: Annotated[
        str | None,
        o.option(
            o.BUDGET,
            "What of training is equal, beside parameters: params (nothing else; each trains until "
            "it is done), steps, flops or seconds.",
            default="params",
            example="--fair seconds",
            metavar="WHAT",
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
        o.option(
            o.TASK,
            "Smallest difference that matters: points (hundredths of a score from 0 to 1), per "
            "cent of the best value, or a number: in the metric's units, a share where it is an "
            "error.",
            default="the metric's own, such as 1pt",
            example="--margin 2pt",
            metavar="DIFFERENCE",
        ),
    ] = None
    accept: Annotated[
        str | None,
        o.option(
            o.LIMITS,
            "How much quality you give for a cheaper contestant, written as a margin.",
            default="the margin",
            example="--accept 2pt",
            metavar="DIFFERENCE",
        ),
    ] = None
    prefer: Annotated[
        str | None,
        o.option(
            o.LIMITS,
            "What is recommended: the best (quality), the cheapest within the margin of it "
            "(balanced), or the cheapest of all that may be best (cost).",
            default="balanced",
            example="--prefer quality",
            metavar="WHAT",
        ),
    ] = None
    max_latency_ms: Annotated[
        float | None,
        o.option(
            o.LIMITS,
            "Median latency of one example, in milliseconds.",
            default="no limit",
            example="--max-latency-ms 5",
            metavar="MS",
        ),
    ] = None
    max_memory_mb: Annotated[
        float | None,
        o.option(
            o.LIMITS,
            "Memory of the whole process, in megabytes.",
            default="no limit",
            example="--max-memory-mb 500",
            metavar="MB",
        ),
    ] = None
    max_size_mb: Annotated[
        float | None,
        o.option(
            o.LIMITS,
            "Size of the stored weights, in megabytes.",
            default="no limit",
            example="--max-size-mb 5",
            metavar="MB",
        ),
    ] = None
    max_params: Annotated[
        str | None,
        o.option(
            o.LIMITS,
            "Parameters of the recommended contestant.",
            default="no limit",
            example="--max-params 1M",
            metavar="N",
        ),
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
        str | None,
        o.option(
            o.MACHINE,
            "What computes: auto, fused, torch or reference.",
            default="auto",
            example="--backend torch",
            metavar="NAME",
        ),
    ] = None
    device: Annotated[
        str | None,
        o.option(
            o.MACHINE,
            "Where: auto, cpu or cuda.",
            default="auto",
            example="--device cpu",
            metavar="NAME",
        ),
    ] = None
    workers: Annotated[
        int | None,
        o.option(
            o.MACHINE,
            "Processes at a time.",
            default="one for each core",
            example="--workers 2",
            metavar="N",
            min=1,
        ),
    ] = None
    engine: Annotated[
        str | None,
        o.option(
            o.MACHINE,
            "Where runs are done: local, ray (a Ray of its own on this machine) or ray:ADDRESS (a "
            "cluster; run the command on one of its nodes).",
            default="local",
            example="--engine ray:10.0.0.1:6379",
            metavar="ENGINE",
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
