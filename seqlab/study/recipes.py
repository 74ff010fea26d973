"""Candidates by the names people know: a mixer with its block. A recipe is data, not a branch.

A mixer's card brings its own recipes; `presets.toml` adds the first classics at fixed sizes.
"""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from seqlab import registry
from seqlab.baselines.base import Baseline
from seqlab.errors import UserError, unknown
from seqlab.pretrained.catalogue import ENTRIES
from seqlab.tasks.base import Task

DEFAULT_RECIPES = ("rnn", "lstm", "gru", "transformer")


@dataclass(frozen=True)
class Recipe:
    """A named candidate: which fields of ModelSpec differ from the defaults.

    A fixed recipe keeps its own width; others take the largest that the budget allows. A recipe
    in no group is chosen by its name only.
    """

    name: str
    model: dict[str, Any]
    groups: tuple[str, ...]  # by which it can be chosen
    summary: str
    fixed: bool = False
    tasks: tuple[str, ...] = ()  # empty: every task

    @property
    def families(self) -> tuple[str, ...]:
        """What its mixer is: recurrent, attention, modern, classic."""
        return tuple(registry.card("mixers", self.model["mixer"]).get("groups", ()))

    @property
    def streams(self) -> bool:
        """Whether it can do without the future."""
        return self.decodes and not self.model.get("bidirectional")

    @property
    def decodes(self) -> bool:
        """Whether it can write position by position, whatever it does in reading."""
        return bool(registry.card("mixers", self.model["mixer"])["streams"])

    def suits(self, causal: bool | str) -> bool:
        """Whether it can do what a task's card asks for: "decoder" asks it of the decoder alone."""
        return not causal or (self.decodes if causal == "decoder" else self.streams)


@cache
def recipes() -> dict[str, Recipe]:
    """Every recipe by name."""
    by_name = {}
    for mixer, card in registry.cards("mixers").items():
        for position, (name, fields) in enumerate(card.get("recipes", {}).items()):
            groups = tuple(card.get("groups", ())) if position == 0 else ()
            by_name[name] = Recipe(name, {"mixer": mixer, **fields}, groups, card["summary"])
    presets = tomllib.loads((Path(__file__).parent / "presets.toml").read_text(encoding="utf-8"))
    for name, preset in presets.items():
        by_name[name] = Recipe(
            name,
            preset["model"],
            (),
            preset["summary"],
            preset.get("fixed", True),
            tuple(preset.get("tasks", ())),
        )
    return by_name


def baselines_for(task: str) -> list[str]:
    """The baselines that can enter a task: those that name it, and those that it names."""
    named = registry.card("tasks", task).get("baselines", ())
    known = registry.cards("baselines").items()
    return [name for name, card in known if task in card["tasks"] or name in named]


def floor_of(task: Task) -> type[Baseline[Any]] | None:
    """The baseline that stands for having learned nothing; None where a task has none."""
    for name in baselines_for(task.name):
        kind: type[Baseline[Any]] = registry.load("baselines", name)
        if kind.floor and kind.enters(task):
            return kind
    return None


def missing_extra(baseline: str) -> str:
    """The extra that a baseline needs and that is not installed; empty where nothing is missing."""
    card = registry.card("baselines", baseline)
    absent = "needs" in card and importlib.util.find_spec(card["needs"]) is None
    return str(card["extra"]) if absent else ""


def groups() -> list[str]:
    """The names that stand for several recipes."""
    return ["all", *sorted({group for recipe in recipes().values() for group in recipe.groups})]


def choose(names: Sequence[str], task: str) -> list[Recipe]:
    """The recipes that names and groups stand for, each once, in order.

    For a task whose card says that it is causal, groups leave out what cannot stream.
    """
    known = recipes()
    chosen: dict[str, Recipe] = {}
    causal = registry.card("tasks", task).get("causal", False)
    for name in names:
        if name == "all" or name in groups():
            members = [r for r in known.values() if r.groups and name in ("all", *r.groups)]
            members = [r for r in members if r.suits(causal)]
        elif name in known:
            members = [known[name]]
        else:
            outside = [near for entry in ENTRIES for near in (entry, f"{entry}-lr")]
            raise unknown("candidate", name, [*groups(), *known, *outside, "static-lr"])
        for recipe in members:
            if recipe.tasks and task not in recipe.tasks:
                raise UserError(
                    f'candidate "{recipe.name}" is for {", ".join(recipe.tasks)}, not for {task}',
                    "leave it out of --candidates",
                )
            if not recipe.suits(causal):
                whole = f"sees the future, which {task} must not"
                if causal == "decoder":
                    whole = f"cannot write step by step, which {task} needs"
                raise UserError(
                    f'candidate "{recipe.name}" {whole}', "leave it out of --candidates"
                )
            chosen[recipe.name] = recipe
    return list(chosen.values())
