"""Which settings are tried, in which order: those that did well elsewhere first, then the space.

`portfolio.toml` holds, for each kind of input and family of which enough development sets were
recorded, a short list of settings that complement one another on them: the first is the best single
one, the second the one that helps most where the first does not, and so on (as the portfolios of
Feurer et al., 2022, and of Salinas and Erickson, 2024); and a list for all others. `python -m
bench.portfolio` makes it from validation scores. All candidates try as many. Further trials are
points that cover the space (`space.py`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from seqlab.study.space import Setting, point
from seqlab.tasks.base import Task

FAMILIES = ("recurrent", "attention")  # others take the list that is made over all
EVERY, ANY = "every", "any"  # family; kind of input
STEP = 2.2  # from the highest or lowest rate tried to the next one beyond it
BEYOND = {"high": 1000, "low": 2000}  # the number of the first setting beyond an end
MOST_BEYOND = 2  # settings beyond an end


def settings_for(task: Task, families: Sequence[str], count: int) -> list[Setting]:
    """The settings of a candidate's trials, in their order."""
    listed = _lists(kind_of(task))
    family = next((name for name in FAMILIES if name in families and name in listed), EVERY)
    first = listed[family][:count]
    # The middle of the space is much like what the list begins with.
    return [*first, *(point(number) for number in range(1, count - len(first) + 1))]


def setting(task: Task, families: Sequence[str], number: int, count: int) -> Setting:
    """The setting of a trial: one of the first `count`, or one beyond the rates of these.

    A setting beyond has the highest or lowest rate of all, times or over a power of STEP; all else
    is that of the first setting.
    """
    for side, first in BEYOND.items():
        if number in beyond(first):
            tried = settings_for(task, families, count)
            rates = [one.learning_rate for one in tried]
            factor = STEP ** (number - first + 1)
            rate = max(rates) * factor if side == "high" else min(rates) / factor
            return with_rate(tried[0], float(f"{rate:.3g}"))
    return settings_for(task, families, number + 1)[number]


def with_rate(one: Setting, rate: float) -> Setting:
    """A setting with another learning rate."""
    named = {**dict(one.named), "learning_rate": rate}
    return replace(one, named=tuple(named.items()))


def beyond(first: int) -> range:
    """The numbers of the settings beyond an end, from the first one's."""
    return range(first, first + MOST_BEYOND)


def kind_of(task: Task) -> str:
    """The kind of input that a portfolio is made for: tokens or values."""
    return task.inputs.kind


def version() -> int:
    """The version of the portfolio, which stored studies name."""
    return int(_stored()["version"])


@cache
def _stored() -> dict[str, Any]:
    path = Path(__file__).parent / "portfolio.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _lists(kind: str) -> dict[str, list[Setting]]:
    stored = _stored()
    lists = stored.get(kind, stored[ANY])
    return {
        family: [Setting(named=tuple(values.items())) for values in settings]
        for family, settings in lists.items()
    }
