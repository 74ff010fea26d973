"""What a choice costs: python -m bench.regret --record [SET …], or --replay.

`--record` makes the records of data sets, one after the other (some minutes to an hour each; runs
that are done are kept), into bench/records/regret. `--replay` has every policy choose on every
record and prints what its choices lack to the best contestant of the set.
"""

from __future__ import annotations

import argparse
import os
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.regret.policies import Choice, Policy, Replay, policies
from bench.regret.record import RECORDS, Record, record
from bench.regret.sets import SETS

REPETITIONS = 5
RESAMPLED = 2000  # sets are drawn with replacement so often, for intervals


def main() -> int:
    """Record, or replay."""
    parser = argparse.ArgumentParser(description="What a choice costs on data sets.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--record", action="store_true", help="train what is not recorded yet")
    what.add_argument("--replay", action="store_true", help="let every policy choose")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(SETS))
    given = parser.parse_args()
    if given.record:
        for name in given.sets or SETS:
            if not (RECORDS / f"{name}.npz").exists():
                made = record(name, given.workers)
                print(f"{name}: {len(made.statistics)} contestants", flush=True)
        return 0
    records = [
        Record.load(path)
        for path in sorted(RECORDS.glob("*.npz"))
        if not given.sets or path.stem in given.sets
    ]
    if not records:
        print("nothing is recorded yet: python -m bench.regret --record")
        return 1
    for title, chosen in _parts(records):
        print(f"\n{title} ({len(chosen)}): {', '.join(one.name for one in chosen)}\n")
        print(table(chosen, given.repetitions))
    return 0


def _parts(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    unseen = [one for one in records if not one.seen]
    seen = [one for one in records if one.seen]
    titles = ("Sets that the portfolio was not made from", unseen), (
        "Sets that it was made from", seen,
    )  # fmt: skip
    return [(title, part) for title, part in titles if part]


def table(records: Sequence[Record], repetitions: int) -> str:
    """Policies × regret over sets, in margins of the metric (1 point, or 2 % of an error)."""
    rows = [
        "| policy | median | mean | 95 % of the mean | above one margin | minutes |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, policy in policies().items():
        outcomes = np.array([_outcome(one, policy, repetitions) for one in records])
        regret, above, minutes = outcomes.T
        low, high = _interval(regret)
        rows.append(
            f"| {name} | {np.median(regret):.2f} | {regret.mean():.2f} | {low:.2f} … {high:.2f} | "
            f"{above.mean():.0%} | {minutes.mean():.1f} |"
        )
    return "\n".join(rows)


def _outcome(record: Record, policy: Policy, repetitions: int) -> tuple[float, float, float]:
    """Mean regret in margins, the share of repetitions above one margin, and minutes."""
    regrets, minutes = [], []
    for repetition in range(repetitions):
        seed = zlib.crc32(f"{record.name}/{repetition}".encode())
        choice: Choice = policy(Replay(record, np.random.default_rng(seed)))
        regrets.append(regret_of(record, choice.name))
        minutes.append(choice.seconds / 60)
    return float(np.mean(regrets)), float(np.mean(np.array(regrets) > 1)), float(np.mean(minutes))


def regret_of(record: Record, name: str) -> float:
    """What a contestant lacks to the best one of the set, in margins, by the means of all seeds."""
    metric = record.judge
    means = _means(record)
    sign = 1 if metric.higher_is_better else -1
    best = max(means, key=lambda other: sign * means[other])
    margin = metric.margin * (abs(means[best]) if metric.relative_margin else 1.0)
    return sign * (means[best] - means[name]) / margin


def _means(record: Record) -> Mapping[str, float]:
    metric = record.judge
    return {
        name: float(np.mean([metric.value(seed) for seed in values]))
        for name, values in record.statistics.items()
    }


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Of the mean, over sets drawn with replacement."""
    draw = np.random.default_rng(0)
    means = draw.choice(values, (RESAMPLED, len(values))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


if __name__ == "__main__":
    raise SystemExit(main())
