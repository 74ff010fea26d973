"""The space of tuning, equal in size for all families.

Seven dimensions are the same for all; two are the mixer's own, named with their values on its card
(`space`). The middle is the default of everything. Depth goes with width, at the parameter budget.
What the user fixed is not varied, and neither is the model of a textbook form, which is what its
name says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqlab import registry
from seqlab.mixers.base import setting_defaults
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.points import point as cube_point

LEARNING_RATES = (3e-4, 1e-2)  # log-uniform
DROPOUTS = (0.0, 0.4)  # uniform
WEIGHT_DECAYS = (1e-3, 1e-1)  # log-uniform
WARMUPS = (0.0, 0.2)  # uniform, shares of the steps
BATCH_FACTORS = (0.5, 1.0, 2.0)  # times the task's own
DEPTHS = (1, 2, 4)
POOLINGS = ("last", "max", "mean", "attention")
COMMON = ("learning_rate", "depth", "dropout", "weight_decay", "batch_size", "warmup", "pooling")
OWN = 2  # dimensions of each mixer
DIMENSIONS = len(COMMON) + OWN


@dataclass(frozen=True)
class Setting:
    """A point of the space: the places in [0, 1] of the common dimensions and of the own ones.

    `named` are values that stand instead of what a place gives: a dimension's name, or a field or
    setting of the mixer's own, and the value.
    """

    places: tuple[float, ...] = (0.5,) * DIMENSIONS
    named: tuple[tuple[str, Any], ...] = ()

    @property
    def learning_rate(self) -> float:
        """The rate, to three digits."""
        place = self._place("learning_rate")
        return float(
            self._named("learning_rate", _three_digits(_logarithmic(place, LEARNING_RATES)))
        )

    @property
    def dropout(self) -> float:
        """The dropout of the blocks."""
        return float(self._named("dropout", round(_between(self._place("dropout"), DROPOUTS), 3)))

    def _place(self, dimension: str) -> float:
        return self.places[COMMON.index(dimension)]

    def _named(self, dimension: str, otherwise: Any) -> Any:
        return dict(self.named).get(dimension, otherwise)

    def train(self, train: Mapping[str, Any]) -> dict[str, Any]:
        """TrainSpec fields, where `train` holds those that a run would have without tuning."""
        usual = int(train.get("batch_size", TrainSpec.model_fields["batch_size"].default))
        factor = _one_of(BATCH_FACTORS, 1.0, self._place("batch_size"))
        decay = _three_digits(_logarithmic(self._place("weight_decay"), WEIGHT_DECAYS))
        warmup = round(_between(self._place("warmup"), WARMUPS), 3)
        return {
            "learning_rate": self.learning_rate,
            "weight_decay": float(self._named("weight_decay", decay)),
            "batch_size": max(1, round(usual * self._named("batch_size", factor))),
            "warmup": float(self._named("warmup", warmup)),
        }

    def model(self, model: ModelSpec, varied: Sequence[str]) -> dict[str, Any]:
        """ModelSpec fields, of those that are varied, where `model` holds the defaults."""
        fields: dict[str, Any] = {"dropout": self.dropout}
        for name, choices in (("depth", DEPTHS), ("pooling", POOLINGS)):
            usual = getattr(model, name)
            fields[name] = self._named(name, _one_of(choices, usual, self._place(name)))
        settings = dict(model.settings)
        own = own_dimensions(model.mixer)
        # A mixer from outside may declare none: it varies in the common dimensions alone.
        for (name, values), place in zip(own.items(), self.places[len(COMMON) :], strict=False):
            usual = default_of(model, name)
            value = self._named(name, _one_of(values, usual, place))
            if name.startswith("settings.") and name in varied and value != usual:
                settings[name.removeprefix("settings.")] = value
            fields[name] = value
        return {**{k: fields[k] for k in fields if k in varied and k in ModelSpec.model_fields}} | (
            {"settings": settings} if settings != model.settings else {}
        )


def point(number: int) -> Setting:
    """The point of a number: the first is the middle, more of them cover the space evenly."""
    return Setting(cube_point(number, DIMENSIONS))


def own_dimensions(mixer: str) -> dict[str, list[Any]]:
    """The dimensions that a mixer's card declares: ModelSpec fields or settings, and their values.

    A mixer that brings no recipe of its own is no candidate and declares none.
    """
    return dict(registry.card("mixers", mixer).get("space", {}))


def default_of(model: ModelSpec, name: str) -> Any:
    """The value of a field or of a setting ("settings.heads") where nothing is tuned."""
    if not name.startswith("settings."):
        return getattr(model, name)
    setting = name.removeprefix("settings.")
    return {**setting_defaults(registry.load("mixers", model.mixer)), **model.settings}[setting]


def varied_fields(
    mixer: str, chosen: Mapping[str, Any], *, textbook: bool, pools: bool
) -> tuple[str, ...]:
    """The fields of a model that tuning varies: what the user chose (`chosen`) stays.

    textbook  whether the form is what its name says, down to its depth
    pools     whether the task's model pools at all
    """
    if textbook:
        names = ["dropout"]
    else:
        names = ["depth", "dropout", *(["pooling"] if pools else []), *own_dimensions(mixer)]
        if "width" in chosen:  # a width that stays would leave the budget with the depth
            names.remove("depth")
    settings = {f"settings.{name}" for name in chosen.get("settings", {})}
    return tuple(name for name in names if name not in chosen and name not in settings)


def _one_of(values: Sequence[Any], default: Any, place: float) -> Any:
    """A value by its place, with the default in the middle."""
    others = [value for value in values if value != default]
    ordered = [*others[: (len(others) + 1) // 2], default, *others[(len(others) + 1) // 2 :]]
    return ordered[int(place * len(ordered))]


def _between(place: float, bounds: tuple[float, float]) -> float:
    return bounds[0] + place * (bounds[1] - bounds[0])


def _logarithmic(place: float, bounds: tuple[float, float]) -> float:
    return math.exp(_between(place, (math.log(bounds[0]), math.log(bounds[1]))))


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
