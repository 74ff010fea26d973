"""Ways to choose a contestant, replayed on a record: what each would have taken, at what cost.

A policy sees validation scores of the trials that it pays for, and test statistics of the seeds
that it runs; which of the recorded seeds these are is drawn anew in every repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.regret.record import Record, pace_of
from seqlab.compare.contestants import Contestant
from seqlab.compare.decision import Rules, compare
from seqlab.compare.race import Round, after_round, raced, rounds, share_of
from seqlab.compare.recommendation import Costs, Wishes, recommend
from seqlab.compare.screening import screened
from seqlab.study.plan import Allowance
from seqlab.study.planning import LONGEST
from seqlab.study.timing import Outlook

WORKERS = 2
OVERHEAD_SECONDS = 30.0  # to prepare, to measure costs and to report: of a study of minutes


@dataclass(frozen=True)
class Choice:
    """The contestant that a policy takes ("gru/3", or a baseline's name), and the seconds spent."""

    name: str
    seconds: float


@dataclass
class Replay:
    """A record in one order of its seeds, and what was spent of it so far."""

    record: Record
    draw: np.random.Generator
    spent: float = 0.0  # seconds of runs, on one worker
    _order: dict[str, list[int]] = field(default_factory=dict)

    @property
    def sign(self) -> int:
        """1 where a higher score is better."""
        return 1 if self.record.judge.higher_is_better else -1

    @property
    def models(self) -> list[str]:
        """The families that were trained."""
        return list(self.record.trials)

    @property
    def baselines(self) -> list[str]:
        """All others."""
        return [name for name in self.record.families if name not in self.record.trials]

    def trial(self, family: str, number: int, role: str = "trial") -> float:
        """A trial's validation score, the better the higher; its time is spent."""
        found = self.record.trials[family][role][number]
        self.spent += found["wall_seconds"] or 0.0
        value = found["valid"]
        return -np.inf if value is None else self.sign * value

    def seeds(self, name: str, count: int) -> list[int]:
        """So many recorded seeds of a contestant, in this repetition's order."""
        available = len(self.record.statistics[name])
        order = self._order.setdefault(name, list(self.draw.permutation(available)))
        return [order[i % available] for i in range(count)]

    def run(self, name: str, seeds: int = 1) -> None:
        """Spend the time of so many verdict runs."""
        self.spent += seeds * self.record.seconds[name]

    def contestant(self, name: str, seeds: int) -> Contestant:
        """What is known of a contestant after so many seeds."""
        family = name.partition("/")[0]
        chosen = self.seeds(name, min(seeds, len(self.record.statistics[name])))
        valid = [self.record.valid[name][seed] for seed in chosen]
        return Contestant(
            name,
            self.record.statistics[name][chosen],
            deterministic=family in self.baselines,
            validation=tuple(float(v) for v in valid if v is not None),
            families=tuple(self.record.families[family]),
            trivial=family in self.record.constant,
        )


Policy = Callable[[Replay], Choice]


def seqlab(minutes: float | None, racing: bool = True) -> Policy:
    """The project's own: short trials, the best third in full, rounds of seeds, the decision."""

    def choose(replay: Replay) -> Choice:
        record = replay.record
        wanted = Allowance(trials=5, seeds=8, epochs=record.epochs, longest=LONGEST)
        allowance, limit = wanted, np.inf
        if minutes is not None:
            limit = 60 * minutes - OVERHEAD_SECONDS
            paces = {name: pace_of(values) for name, values in record.paces.items()}
            fits = {name: record.seconds[name] for name in replay.baselines}
            outlook = Outlook(entries=(), paces=paces, fits=fits, workers=WORKERS)
            allowance = outlook.fitted(wanted, limit)
        names = _tuned(replay, allowance)
        for name in replay.baselines:
            replay.run(name)
        return _judged(replay, names, (allowance.seeds, limit), racing)

    return choose


def _tuned(replay: Replay, allowance: Allowance) -> list[str]:
    """Each family's setting after successive halving, the hopeless left out."""
    short = {
        family: [replay.trial(family, n, "short") for n in range(allowance.short_trials)]
        for family in replay.models
    }
    out: Mapping[str, float] = {}
    if allowance.short_trials:
        natural = {f: [replay.sign * v for v in values] for f, values in short.items()}
        out = screened(natural, replay.record.validation_examples, replay.record.judge)
    names = []
    for family in replay.models:
        if family in out:
            continue
        order = np.argsort([-value for value in short[family]], kind="stable")
        numbers = [int(n) for n in order] or list(range(allowance.trials))
        full = [(replay.trial(family, n), -n) for n in numbers[: allowance.full_trials]]
        names.append(f"{family}/{-max(full)[1] if full else 0}")
    return names


def _judged(
    replay: Replay, names: Sequence[str], allowed: tuple[int, float], racing: bool
) -> Choice:
    """The recommendation after rounds of seeds, as many as the time is enough for."""
    (most, limit), running = allowed, list(names)
    held: list[Round] = []
    done, seeds = 0, dict.fromkeys(names, 0)
    for end in rounds(most) if racing else (most,):
        while done < end:
            for name in running:
                replay.run(name)
                seeds[name] += 1
            done += 1
            if done >= 2 and replay.spent / WORKERS > limit:
                break
        if done < end or not racing:
            break
        if end < most:
            rules = Rules(share=share_of(end, most))
            here = [replay.contestant(n, seeds[n]) for n in running]
            here += [replay.contestant(n, 1) for n in replay.baselines]
            one = after_round(compare(here, replay.record.judge, rules=rules), end, most)
            held.append(one)
            running = [n for n in running if n not in {left.name for left in one.exits}]
            if one.stop:
                break
    everyone = [replay.contestant(n, seeds[n]) for n in names]
    everyone += [replay.contestant(n, 1) for n in replay.baselines]
    rules = Rules(share=share_of(most, most) if held else 1.0)
    comparison = raced(compare(everyone, replay.record.judge, rules=rules), held)
    costs = {one.name: _costs(replay, one) for one in everyone}
    advice = recommend(comparison, costs, Wishes(prefer="quality")).name
    return Choice(advice or str(comparison.best), replay.spent / WORKERS + OVERHEAD_SECONDS)


def _costs(replay: Replay, one: Contestant) -> Costs:
    kind = "baseline" if one.deterministic else "model"
    return Costs(kind, params=0, train_seconds=replay.record.seconds[one.name])


def best_validated(replay: Replay, names: Sequence[str]) -> str:
    """The contestant with the best validation score of one seed each."""
    scores = {}
    for name in names:
        replay.run(name)
        value = replay.record.valid[name][replay.seeds(name, 1)[0]]
        scores[name] = -np.inf if value is None else replay.sign * value
    return max(scores, key=lambda name: scores[name])


def halving(replay: Replay) -> Choice:
    """Plain successive halving over all families' settings: the best of what is left, one run."""
    trials = [(f, n) for f in replay.models for n in range(5)]
    short = sorted(trials, key=lambda one: -replay.trial(*one, role="short"))
    best = max(short[: -(-len(short) // 3)], key=lambda one: replay.trial(*one))
    return Choice(f"{best[0]}/{best[1]}", replay.spent / WORKERS)


def one_epoch_rank(replay: Replay) -> Choice:
    """Rank by the shortest runs alone and train the first (i-Epoch: Egele et al., 2024)."""
    trials = [(f, n) for f in replay.models for n in range(5)]
    best = max(trials, key=lambda one: replay.trial(*one, role="short"))
    replay.run(f"{best[0]}/{best[1]}")
    return Choice(f"{best[0]}/{best[1]}", replay.spent / WORKERS)


def always(family: str) -> Policy:
    """One family, tuned as ours is."""

    def choose(replay: Replay) -> Choice:
        short = [replay.trial(family, n, "short") for n in range(5)]
        order = np.argsort([-value for value in short], kind="stable")[:2]
        best = max((replay.trial(family, int(n)), -int(n)) for n in order)
        replay.run(f"{family}/{-best[1]}")
        return Choice(f"{family}/{-best[1]}", replay.spent / WORKERS)

    return choose


def best_baseline(replay: Replay) -> Choice:
    """The baseline that validates best; no network."""
    name = best_validated(replay, replay.baselines)
    return Choice(name, replay.spent / WORKERS)


def at_random(replay: Replay) -> Choice:
    """A family by lot, with the setting that is tried first."""
    names = [*(f"{family}/0" for family in replay.models), *replay.baselines]
    name = str(replay.draw.choice(names))
    replay.run(name)
    return Choice(name, replay.spent / WORKERS)


def policies() -> dict[str, Policy]:
    """All of them, by what tables call them."""
    own: dict[str, Policy] = {f"seqlab, {m} minutes": seqlab(m) for m in (2, 5, 10, 30)}
    return {
        **own,
        "seqlab, no limit": seqlab(None),
        "seqlab, no limit, unraced": seqlab(None, racing=False),
        "successive halving": halving,
        "ranked by short runs": one_epoch_rank,
        "always LSTM": always("lstm"),
        "always GRU": always("gru"),
        "always Transformer": always("transformer"),
        "always the best baseline": best_baseline,
        "at random": at_random,
    }
