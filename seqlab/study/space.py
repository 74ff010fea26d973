"""Equal tuning: every candidate tries the same points of a space of equal size.

Seven dimensions are the same for all; two are the mixer's own, named with their values on its card
(`space`). The first point is the default of everything. Depth goes with width, at the parameter
budget. What the user fixed is not varied, and neither is the model of a textbook form, which is
what its name says.
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
STEP = 2.2  # from the end of the range to the next rate beyond it
BEYOND = {"high": 1000, "low": 2000}  # the number of the first setting beyond an end
MOST_BEYOND = 2  # settings beyond an end
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
    """A point of the space: the places in [0, 1) of the common dimensions and of the own ones.

    That of the learning rate may lie beyond.
    """

    places: tuple[float, ...]

    @property
    def learning_rate(self) -> float:
        """The rate, to three digits."""
        return _three_digits(_logarithmic(self._place("learning_rate"), LEARNING_RATES))

    @property
    def dropout(self) -> float:
        """The dropout of the blocks."""
        return round(_between(self._place("dropout"), DROPOUTS), 3)

    def _place(self, dimension: str) -> float:
        return self.places[COMMON.index(dimension)]

    def train(self, train: Mapping[str, Any]) -> dict[str, Any]:
        """TrainSpec fields, where `train` holds those that a run would have without tuning."""
        usual = int(train.get("batch_size", TrainSpec.model_fields["batch_size"].default))
        factor = _one_of(BATCH_FACTORS, 1.0, self._place("batch_size"))
        return {
            "learning_rate": self.learning_rate,
            "weight_decay": _three_digits(_logarithmic(self._place("weight_decay"), WEIGHT_DECAYS)),
            "batch_size": max(1, round(usual * factor)),
            "warmup": round(_between(self._place("warmup"), WARMUPS), 3),
        }

    def model(self, model: ModelSpec, varied: Sequence[str]) -> dict[str, Any]:
        """ModelSpec fields, of those that are varied, where `model` holds the defaults."""
        fields: dict[str, Any] = {"dropout": self.dropout}
        fields["depth"] = _one_of(DEPTHS, model.depth, self._place("depth"))
        fields["pooling"] = _one_of(POOLINGS, model.pooling, self._place("pooling"))
        settings = dict(model.settings)
        own = own_dimensions(model.mixer)
        for (name, values), place in zip(own.items(), self.places[len(COMMON) :], strict=True):
            usual = default_of(model, name)
            value = _one_of(values, usual, place)
            if name.startswith("settings.") and name in varied and value != usual:
                settings[name.removeprefix("settings.")] = value
            fields[name] = value
        return {**{k: fields[k] for k in fields if k in varied and k in ModelSpec.model_fields}} | (
            {"settings": settings} if settings != model.settings else {}
        )


def point(number: int) -> Setting:
    """The setting of a trial, the same for every candidate; the first is the middle.

    Numbers from BEYOND on are rates beyond an end of the range, with all else in the middle.
    """
    for side, first in BEYOND.items():
        if number in beyond(first):
            low, high = (math.log(rate) for rate in LEARNING_RATES)
            far = (number - first + 1) * math.log(STEP) / (high - low)
            place = 1 + far if side == "high" else -far
            return Setting((place, *cube_point(0, DIMENSIONS)[1:]))
    return Setting(cube_point(number, DIMENSIONS))


def beyond(first: int) -> range:
    """The numbers of the settings beyond an end, from the first one's."""
    return range(first, first + MOST_BEYOND)


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
