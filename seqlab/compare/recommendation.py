"""Which contestant to use: the cheapest of the winner set that meets the constraints, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from seqlab.compare.comparison import VERDICT_SEEDS, Comparison, Standing

ALIKE = 1.1  # costs within this factor are alike: machines are no more exact
LIMITS = {  # constraint → cost, what to call it
    "max_latency_ms": ("latency_ms_p50", "ms at batch 1"),
    "max_memory_mb": ("peak_memory_mb", "MB of memory"),
    "max_params": ("params", "parameters"),
}


@dataclass(frozen=True)
class Costs:
    """What a contestant costs in use; NaN where it was not measured."""

    kind: str  # model | baseline
    params: int
    train_seconds: float = math.nan
    latency_ms_p50: float = math.nan
    latency_ms_p95: float = math.nan
    latency_batch64_ms: float = math.nan
    peak_memory_mb: float = math.nan


@dataclass(frozen=True)
class Constraints:
    """What the recommended contestant must not exceed; None: no limit."""

    max_latency_ms: float | None = None
    max_memory_mb: float | None = None
    max_params: float | None = None

    @property
    def given(self) -> dict[str, float]:
        """The limits that were set."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Recommendation:
    """`name` is None where nothing can be recommended; `sentence` says so then."""

    name: str | None
    sentence: str
    reasons: tuple[str, ...] = ()
    could_change: tuple[str, ...] = ()


def recommend(
    comparison: Comparison, costs: Mapping[str, Costs], constraints: Constraints
) -> Recommendation:
    """The cheapest of the winner set within the constraints: latency, then memory, then training.

    A cost within 10 % of another counts as the same, and the next one decides.
    """
    if comparison.best is None:
        return Recommendation(None, "Nothing can be recommended: every contestant failed.")
    priced = [name for name in comparison.winner_set if name in costs]
    fitting = [name for name in priced if not _broken(costs[name], constraints)]
    changes = tuple(_could_change(comparison))
    if not fitting:
        return _nothing_fits(comparison, costs, constraints, changes)
    name = _cheapest(fitting, costs)
    return Recommendation(
        name,
        _sentence(comparison, costs, name),
        tuple(_reasons(comparison, costs, constraints, name)),
        changes,
    )


def _broken(cost: Costs, constraints: Constraints) -> list[str]:
    """The constraints that a contestant does not meet; what was not measured does not meet any."""
    return [
        name
        for name, limit in constraints.given.items()
        if not getattr(cost, LIMITS[name][0]) <= limit
    ]


def _cheapest(names: Sequence[str], costs: Mapping[str, Costs]) -> str:
    left = list(names)
    for cost in ("latency_ms_p50", "peak_memory_mb", "train_seconds"):
        least = min(getattr(costs[name], cost) for name in left)
        alike = [name for name in left if getattr(costs[name], cost) <= ALIKE * least]
        left = alike or left
    return left[0]


def _nothing_fits(
    comparison: Comparison,
    costs: Mapping[str, Costs],
    constraints: Constraints,
    changes: tuple[str, ...],
) -> Recommendation:
    """No member of the winner set meets the constraints; say who comes closest, and who would."""
    asked = ", ".join(f"{_plain(v)} {LIMITS[k][1]}" for k, v in constraints.given.items())
    closest = min(
        (name for name in comparison.winner_set if name in costs),
        key=lambda name: _excess(costs[name], constraints),
        default=None,
    )
    if closest is None:
        return Recommendation(None, "Nothing can be recommended: no costs were measured.")
    has = ", ".join(
        f"{_plain(getattr(costs[closest], LIMITS[k][0]))} {LIMITS[k][1]}" for k in constraints.given
    )
    others = [
        s.name
        for s in comparison.standings
        if s.name in costs and not _broken(costs[s.name], constraints)
    ]
    instead = (
        f" Of the others, {others[0]} does, at {_value(comparison, others[0])} {comparison.metric}"
        if others
        else " No contestant does"
    )
    return Recommendation(
        None,
        f"None of the best contestants stays within {asked}; {closest} comes closest with {has}."
        f"{instead}.",
        (f"the winner set is {_listed(comparison.winner_set)}",),
        ("other limits would allow a recommendation", *changes),
    )


def _excess(cost: Costs, constraints: Constraints) -> float:
    return max(getattr(cost, LIMITS[name][0]) / limit for name, limit in constraints.given.items())


def _sentence(comparison: Comparison, costs: Mapping[str, Costs], name: str) -> str:
    """The answer in one or two sentences, with its certainty and its reason."""
    metric, value = comparison.metric, _value(comparison, name)
    best, winners = comparison.best, comparison.winner_set
    preview = (
        f"A preview with {comparison.seeds} seed{'s' if comparison.seeds != 1 else ''}: "
        if comparison.preview
        else ""
    )
    plain = " – a baseline, no neural net needed" if costs[name].kind == "baseline" else ""
    if len(comparison.standings) == 1:
        return f"{preview}{name} reaches {value} {metric}; nothing else was compared with it."
    if comparison.best_shown and name == best:
        return (
            f"{preview}Use {name}{plain}: its {metric} of {value} is shown to be better than that"
            f" of all others ({_level(comparison)})."
        )
    together = [w for w in winners if w != name]
    if not together:
        return f"{preview}Use {name}{plain}: it has the best {metric}, {value}."
    gap = abs(comparison.standing(name).mean - comparison.standing(str(best)).mean)
    behind = (
        "it has the best mean"
        if name == best
        else f"{_amount(comparison, gap)} behind the best mean ({best})"
    )
    return (
        f"{preview}Use {name}{plain}: at {value} {metric}, {behind}, it cannot be told apart from"
        f" {_listed(together)} on this test set ({_level(comparison)}), and it is the cheapest of"
        f" them."
    )


def _reasons(
    comparison: Comparison, costs: Mapping[str, Costs], constraints: Constraints, name: str
) -> list[str]:
    found = [_standing_sentence(comparison, comparison.standing(name))]
    priced = [n for n in comparison.winner_set if n in costs]
    cost = costs[name]
    if len(priced) > 1:
        dearest = max(priced, key=lambda n: costs[n].latency_ms_p50)
        found.append(
            f"{name} answers in {_plain(cost.latency_ms_p50)} ms at batch 1"
            f" ({_plain(cost.peak_memory_mb)} MB, {_plain(cost.train_seconds)} s to train);"
            f" the slowest of the winner set, {dearest}, in {_plain(costs[dearest].latency_ms_p50)}"
        )
    worse = [s.name for s in comparison.standings if s.status == "worse"]
    if worse:
        found.append(f"shown to be worse by more than counts: {_listed(worse)}")
    failed = [s.name for s in comparison.standings if s.status == "failed"]
    if failed:
        found.append(f"failed: {_listed(failed)}")
    baselines = [n for n in priced if costs[n].kind == "baseline" and n != name]
    if baselines:
        found.append(
            f"the baseline {_listed(baselines)} is in the winner set too: no neural net is shown to"
            " be better than it"
        )
    for limit, value in constraints.given.items():
        out = [n for n in priced if limit in _broken(costs[n], constraints)]
        if out:
            found.append(
                f"beyond {_plain(value)} {LIMITS[limit][1]} and so left aside: {_listed(out)}"
            )
    return found


def _standing_sentence(comparison: Comparison, standing: Standing) -> str:
    words = {
        "best": "is shown better than all others"
        if comparison.best_shown
        else "has the best mean, which is not shown to be better than the others'",
        "tied": f"is within the margin of {_margin(comparison)} of the best, shown",
        "negligible": f"is shown worse than the best, but by less than {_margin(comparison)}",
        "undecided": "may be better or worse than the best by more than the margin of"
        f" {_margin(comparison)}: this study cannot say",
    }
    return f"{standing.name} {words[standing.status]}"


def _could_change(comparison: Comparison) -> list[str]:
    """What could change the verdict: few seeds, undecided contestants, repeated looks."""
    found = []
    if comparison.preview:
        found.append(
            f"{comparison.seeds} seeds are a preview; a verdict has {VERDICT_SEEDS} (--seeds)"
        )
    undecided = [s.name for s in comparison.standings if s.status == "undecided"]
    if undecided:
        found.append(f"not decided yet: {_listed(undecided)}")
    if comparison.looks > 1:
        found.append(
            f"this is look number {comparison.looks} at the test set: each later look must be"
            " surer of what it shows"
        )
    return found


def _level(comparison: Comparison) -> str:
    return f"{100 * (1 - comparison.level):.0f} % confidence over the whole study"


def _value(comparison: Comparison, name: str) -> str:
    return f"{comparison.standing(name).mean:.3f}"


def _margin(comparison: Comparison) -> str:
    return _amount(comparison, comparison.delta)


def _amount(comparison: Comparison, difference: float) -> str:
    """A difference in points where the metric lies between 0 and 1."""
    if comparison.in_points:
        points = 100 * difference
        return f"{points:.1f} point{'' if round(points, 1) == 1 else 's'}"
    return f"{difference:.3g}"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
