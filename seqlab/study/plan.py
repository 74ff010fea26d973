"""Who competes at which size, and which jobs that makes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seqlab import registry
from seqlab.baselines.base import Baseline
from seqlab.baselines.storage import baseline_of
from seqlab.data.examples import Examples
from seqlab.errors import UserError, unknown
from seqlab.model.base import Model
from seqlab.model.block import looks_back
from seqlab.model.outline import outlined
from seqlab.model.sizing import embedding_width, embeds, sized
from seqlab.runs import Job
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.assignment import Assignment
from seqlab.study.building import build_model
from seqlab.study.outsiders import (
    FAMILY,
    Outsider,
    OwnTraining,
    is_outsider,
    outsider,
    renamed_apart,
    sizes_of,
)
from seqlab.study.recipes import Recipe, baselines_for, choose, missing_extra
from seqlab.study.space import Setting, varied_fields
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Task
from seqlab.training.trackers import check_tracker

FEWEST_HALVED = 3  # settings, from which on each has a short trial first
KEPT_SHARE = 1 / 3  # of the settings have a full trial then
SHORT_SHARE = 1 / 3  # of a usual run is the length of a short trial
LEAST_FILLED = 0.95  # of the budget, by a body whose depth tuning may change
# Fields that the study fills in itself, and how to say them.
RESERVED = {
    "model": {"mixer": "--candidates", "origin": "--candidates"},
    "train": {
        "epochs": "--epochs",
        "steps": "--steps",
        "seconds": "--train-seconds",
        "seed": "--seed",
        "device": "--device",
    },
}


@dataclass(frozen=True, kw_only=True)
class PlannedContestant:
    """A candidate at its size, or a baseline."""

    name: str
    kind: str  # model | baseline
    deterministic: bool = False
    floor: bool = False  # a baseline that stands for having learned nothing
    constant: bool = False  # a baseline that answers every example alike
    families: tuple[str, ...] = ()
    model: ModelSpec | None = None
    body_parameters: int = 0
    embedding_parameters: int = 0
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)  # of its variant, by section
    varied: tuple[str, ...] = ()  # fields of the model that tuning varies
    at_budget: bool = False  # its width follows from the budget
    declared_mlp: float = 0.0  # before the budget was filled
    training: OwnTraining | None = None  # where it does not train as the others do
    settings: dict[str, Any] = field(default_factory=dict)  # of a baseline that has any

    def unfitted(self) -> Baseline[Any]:
        """The baseline that it is, before it has learned anything."""
        return baseline_of(self.name, self.settings)


@dataclass(frozen=True)
class Tuned:
    """What a run trains with: a setting, None where nothing is tuned, and a length in epochs,
    None where it is declared or the training finds it by itself.
    """

    setting: Setting | None = None
    epochs: float | None = None


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What the plan gives to every candidate alike, after the time limit has had its say."""

    trials: int  # settings that are tried
    seeds: int
    epochs: float  # of a usual run: as declared, or the task's own
    steps: int | None = None  # of a usual run, where these were declared
    longest: float = 1.0  # usual runs that an open-ended training may last; 1: all are usual
    shortened: float = 1.0  # the share of each verdict run's length for which there is time
    lengths: Mapping[str, float] = field(default_factory=dict)  # of candidates, times the usual
    beyond: bool = True  # rates beyond the range are tried where the best one is at its end
    full: int | None = None  # trials of full length, where there was no time for more
    portfolio: int = 0  # the version of the settings that are tried first; 0: of before there was
    left_out: tuple[str, ...] = field(default=())  # sentences
    tune_per_seed: bool = False

    def own_length(self, role: str, training: OwnTraining) -> dict[str, Any]:
        """As `length`, for a contestant that does not find its length by itself."""
        fields = replace(self, longest=1.0).length(role)
        fields["epochs"] = round(fields["epochs"] * training.share, 4)
        return {**fields, **training.train}

    @property
    def tunings(self) -> int:
        """How often each candidate is tuned: once, or once for each verdict seed."""
        return self.seeds if self.tune_per_seed else 1

    @property
    def short_trials(self) -> int:
        """Settings whose first trial is short, so that the best of them alone have a full one."""
        return 0 if self.tune_per_seed or self.trials < FEWEST_HALVED else self.trials

    @property
    def full_trials(self) -> int:
        """Trials of full length, of each candidate."""
        if self.full is not None:
            return self.full
        if not self.short_trials:
            return self.tunings * self.trials
        return math.ceil(self.trials * KEPT_SHARE)

    def length(self, role: str, epochs: float | None = None, name: str = "") -> dict[str, Any]:
        """TrainSpec fields for the length of a candidate's run; `epochs` if tuning has found it."""
        share = {"short": SHORT_SHARE, "verdict": self.shortened}.get(role, 1.0)
        share *= self.lengths.get(name, 1.0)
        if role != "short" and self.longest > 1 and epochs is None:
            most = self.epochs * self.longest * share
            return {"epochs": most, "schedule": "open_ended", "patience": None}
        if self.steps is not None:
            return {"epochs": self.epochs, "steps": max(1, round(self.steps * share))}
        epochs = self.epochs if epochs is None else epochs
        return {"epochs": epochs if share == 1 else round(epochs * share, 4), "steps": None}


def entries(spec: StudySpec, task: Task, train: Examples | None = None) -> list[PlannedContestant]:
    """Every candidate sized to the budget, then the baselines.

    `train` are the examples from which readers of their own learn how long texts are.
    """
    variants = spec.variants or {"": {}}
    for settings in (spec.plain(), *variants.values()):
        _refuse_reserved(settings)
    outside = [name for name in spec.candidates if is_outsider(name)]
    inside = [name for name in spec.candidates if name not in outside]
    candidates = [
        _variant(_sized(recipe, with_fields(spec, fields), task), name, fields)
        for recipe in choose(inside, task.name)
        for name, fields in variants.items()
    ]
    found = [outsider(name, spec, task, train) for name in outside]
    guests = [
        _guest(one, spec, task)
        for one in renamed_apart(found, [*(c.name for c in candidates), *baselines_for(task.name)])
    ]
    candidates += [guest for guest in guests if guest.kind == "model"]
    if not candidates and not guests:
        raise UserError("--candidates: none given", "accepted: names or groups; see seqlab mixers")
    able = [n for n in baselines_for(task.name) if registry.load("baselines", n).enters(task)]
    installed = [name for name in able if not missing_extra(name)]
    names = installed if spec.baselines is None else spec.baselines
    humble = [_baseline(name, task, able) for name in names]
    return [*candidates, *humble, *(guest for guest in guests if guest.kind == "baseline")]


def _guest(guest: Outsider, spec: StudySpec, task: Task) -> PlannedContestant:
    """A contestant from outside, which has the size that it has."""
    if guest.baseline is not None:
        return PlannedContestant(
            name=guest.name, kind="baseline", deterministic=True, settings=guest.baseline
        )
    model = guest.model(spec, task)
    body, embedding = sizes_of(task, model)
    return PlannedContestant(
        name=guest.name,
        kind="model",
        families=(FAMILY,) if guest.training is not None else (),
        model=model,
        body_parameters=body,
        embedding_parameters=embedding,
        training=guest.training,
    )


def _refuse_reserved(settings: dict[str, Any]) -> None:
    for section, options in RESERVED.items():
        for name in settings.get(section, {}):
            if name in options:
                raise UserError(f"{section}.{name}: set it with {options[name]}")


def with_fields(spec: StudySpec, fields: dict[str, dict[str, Any]]) -> StudySpec:
    """A study whose model and train settings are those of a variant."""
    both = {section: {**getattr(spec, section), **changed} for section, changed in fields.items()}
    return spec.with_(**both) if both else spec


def _variant(
    entry: PlannedContestant, name: str, fields: dict[str, dict[str, Any]]
) -> PlannedContestant:
    return replace(entry, name=f"{entry.name}-{name}", fields=fields) if name else entry


def absent(spec: StudySpec, task: str) -> list[str]:
    """The baselines that a study does without because an extra is not installed, in sentences."""
    names = baselines_for(task) if spec.baselines is None else []
    missing = {name: extra for name in names if (extra := missing_extra(name))}
    return [
        f'the baseline {name} does not compete: it needs pip install "seqlab[{extra}]"'
        for name, extra in missing.items()
    ]


def _baseline(name: str, task: Task, able: Sequence[str]) -> PlannedContestant:
    if name in able and (extra := missing_extra(name)):
        raise UserError(
            f'baseline "{name}" needs a package that is not installed',
            f'pip install "seqlab[{extra}]"',
        )
    if name not in able and name in baselines_for(task.name):
        wants = registry.load("baselines", name).wants
        raise UserError(f'baseline "{name}" cannot be fitted here: it is for {wants}')
    if name not in able:
        raise unknown(f"baseline for {task.name}", name, able)
    kind = registry.load("baselines", name)
    return PlannedContestant(
        name=name,
        kind="baseline",
        deterministic=kind.deterministic,
        floor=kind.floor,
        constant=kind.constant,
    )


def _sized(recipe: Recipe, spec: StudySpec, task: Task) -> PlannedContestant:
    fields = {"mixer": recipe.model["mixer"], **recipe.model}
    if not recipe.fixed:
        fields |= task.model_defaults
    longest = task.inputs.length or task.inputs.longest
    fields |= {"max_length": longest} if longest else {}
    settings = {**fields.get("settings", {}), **spec.model.get("settings", {})}
    model = ModelSpec.read({**fields, **spec.model, "settings": settings}, "model")
    open_to_both = task.both_directions and not recipe.fixed and "bidirectional" not in spec.model
    if open_to_both and looks_back(model):
        model = model.with_(bidirectional=True)
    declared_mlp = model.mlp
    at_budget = not recipe.fixed and "width" not in spec.model
    if at_budget:
        if model.embedding_width is None and embeds(model, lambda one: build_model(task, one)):
            # One size for all contestants: a wider body must not buy a larger vocabulary's table.
            model = model.with_(embedding_width=embedding_width(spec.budget.params))
        model = _at_budget(model, spec, task)
    with outlined():
        built = build_model(task, model)
    pools = getattr(built, "pooling", None) is not None
    return PlannedContestant(
        name=recipe.name,
        kind="model",
        families=recipe.families,
        model=model,
        body_parameters=built.body_parameters(),
        embedding_parameters=built.embedding_parameters(),
        varied=varied_fields(model.mixer, spec.model, textbook=recipe.fixed, pools=pools),
        at_budget=at_budget,
        declared_mlp=declared_mlp,
    )


def _at_budget(model: ModelSpec, spec: StudySpec, task: Task) -> ModelSpec:
    """A model that fills the study's budget; half as deep where it is too deep for that."""

    def build(one: ModelSpec) -> Model:
        return build_model(task, one)

    budget, may_change = spec.budget.params, model.depth > 1 and "depth" not in spec.model
    try:
        wide = sized(model, budget, build, fill="mlp" not in spec.model)
    except UserError:
        if not may_change:
            raise
    else:
        with outlined():
            body = build(wide).body_parameters()
        if body >= LEAST_FILLED * budget or not may_change:
            return wide
    return _at_budget(model.with_(depth=model.depth // 2), spec, task)


def train_spec(
    spec: StudySpec, task: Task, length: dict[str, Any], setting: Setting | None, seed: int
) -> TrainSpec:
    """How a run trains: the task's defaults, its length, the user's own, then what tuning chose."""
    fields: dict[str, Any] = {**task.train_defaults, **length}
    fields |= {"seconds": spec.budget.train_seconds}
    fields |= {"device": spec.device, "seed": seed}
    if setting is not None:
        fields |= setting.train(fields)
    train = TrainSpec.read({**fields, **spec.train}, "train")
    check_tracker(train.tracker)
    return train


def _at_own_rate(setting: Setting, training: OwnTraining) -> Setting:
    """Of a contestant from outside the rate and the dropout alone are tried."""
    rate = setting.learning_rate * training.rate_factor
    return Setting(named=(("learning_rate", rate), ("dropout", setting.dropout)))


def seed_of(study: int, role: str, number: int) -> int:
    """A run's seed: trials and verdicts never share one."""
    digest = hashlib.sha256(f"{study}/{role}/{number}".encode()).digest()
    return int.from_bytes(digest[:4], "little")


@dataclass(frozen=True)
class Planner:
    """Makes assignments for a study's contestants."""

    spec: StudySpec
    task: Task
    data: Sequence[str]  # a digest per fold
    allowance: Allowance
    _models: dict[tuple[str, Setting], ModelSpec] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # sizing takes a moment, and stages ask often

    def trial(
        self, entry: PlannedContestant, number: int, setting: Setting, role: str = "trial"
    ) -> Assignment:
        """A tuning run on the first fold."""
        return self._assignment(Job(entry.name, "model", role, number), entry, Tuned(setting))

    def verdict(
        self, entry: PlannedContestant, number: int, tuned: Tuned, size: int | None = None
    ) -> list[Assignment]:
        """The runs of one fresh seed: one for each fold."""
        return [
            self._assignment(
                Job(entry.name, entry.kind, "verdict", number, fold, size), entry, tuned
            )
            for fold in range(len(self.data))
        ]

    def _model(self, who: PlannedContestant, setting: Setting | None, spec: StudySpec) -> ModelSpec:
        """A contestant's model at a setting, at the budget again where its shape changed."""
        assert who.model is not None
        if setting is None:
            return who.model
        key = (who.name, setting)
        if who.model.origin is not None:
            own = {} if "dropout" in spec.model else {"dropout": setting.dropout}
            return who.model.with_(**own)
        if key not in self._models:
            changed = setting.model(who.model, who.varied)
            same = all(getattr(who.model, k) == v for k, v in changed.items() if k != "dropout")
            model = who.model.with_(**changed)
            if who.at_budget and not same:
                model = _at_budget(model.with_(mlp=who.declared_mlp), spec, self.task)
            self._models[key] = model
        return self._models[key]

    def _assignment(self, job: Job, who: PlannedContestant, tuned: Tuned) -> Assignment:
        setting = tuned.setting
        # A short trial and the full one of the same setting begin alike.
        seed = seed_of(self.spec.seed, "trial" if job.role == "short" else job.role, job.number)
        if who.model is None:
            model, train = who.settings, {"seed": seed}
        else:
            spec = with_fields(self.spec, who.fields)
            if who.training is not None and setting is not None:
                setting = _at_own_rate(setting, who.training)
            model = self._model(who, setting, spec).plain()
            length = self.allowance.length(job.role, tuned.epochs, who.name)
            if who.training is not None:
                length = self.allowance.own_length(job.role, who.training)
            train = train_spec(spec, self.task, length, setting, seed).plain()
        return Assignment(
            job=job,
            task=self.task.name,
            prepared=f"prepared/fold{job.fold}",
            data=self.data[job.fold],
            model=model,
            train=train,
            backend=self.spec.backend,
        )
