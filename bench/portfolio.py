"""The settings that tuning tries first, from development sets: python -m bench.portfolio.

`--record` trains every family once at every setting of a pool, on every development set, and
stores the validation scores in bench/records/portfolio.json; what is there is not done again.
Without it, the lists are made of what is stored and written to seqlab/study/portfolio.toml:
greedily, each setting the one that leaves the least regret beside those before it, on average over
sets and families. Test parts are never scored.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.quality import DATA
from seqlab.study.plan import Allowance, Planner
from seqlab.study.pool import Pool
from seqlab.study.portfolio import ANY
from seqlab.study.preparation import PreparedStudy, prepare_study
from seqlab.study.space import Setting
from seqlab.workbench.study import Study

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "bench" / "records" / "portfolio.json"
LISTS = ROOT / "seqlab" / "study" / "portfolio.toml"
VERSION = 1
TIE = 1e-6
FEWEST_SETS = 3  # of a kind of input, for lists of its own
MOST_SERIES = 1000
LISTED = 5  # settings of a list: as many as a study tries by default
FAMILIES = {"recurrent": ("gru",), "attention": ("transformer",)}
CANDIDATES = tuple(name for names in FAMILIES.values() for name in names)

# Development sets: no proof of this project rests on them.
SETS: dict[str, dict[str, Any]] = {
    "trec": {"data": "trec/TREC.train.all.xz", "encoding": "latin-1"},
    "cr": {"data": "cr", "task": "classify", "encoding": "latin-1"},
    "usaddress": {"data": "packaged/tagging_usaddress/labeled.tsv", "split": "50/49/1"},
    "osuleaf": {"data": "ucr/OSULeaf.npz", "split": "50/49/1"},
    "ecg5000": {"data": "ucr/ECG5000.npz", "split": "50/49/1"},
    "devices": {"data": "ucr/ElectricDevices.npz", "split": "50/49/1"},
    "exchange": {"data": "exchange_rate/exchange_rate.csv.xz"},
}


def pool() -> dict[str, Setting]:
    """The settings of which lists are made, by name; what is not named is the default."""
    named: list[dict[str, Any]] = [
        {"learning_rate": rate, "dropout": dropout}
        for rate in (0.0008, 0.0016, 0.003, 0.0055, 0.01)
        for dropout in (0.05, 0.3)
    ]
    usual = {"learning_rate": 0.004, "dropout": 0.1}
    named += [
        {**usual, "depth": 2},
        {**usual, "depth": 4},
        {**usual, "pooling": "max"},
        {**usual, "pooling": "attention"},
        {**usual, "batch_size": 0.5, "learning_rate": 0.0028},
    ]
    return {_name(values): Setting(named=tuple(values.items())) for values in named}


def spread() -> dict[str, Setting]:
    """Rates and dropouts that are spread evenly, for kinds that too few sets tell of.

    A Halton sequence (Halton, 1960), rates from 3e-4 to 1e-2 and dropouts up to a half.
    """
    named = []
    for number in range(1, LISTED + 1):
        rate = 3e-4 * (1e-2 / 3e-4) ** _halton(number, 2)
        named.append(
            {"learning_rate": float(f"{rate:.3g}"), "dropout": round(_halton(number, 3) / 2, 3)}
        )
    return {_name(values): Setting(named=tuple(values.items())) for values in named}


def _halton(index: int, base: int) -> float:
    """The index-th point (from 1) of the van der Corput sequence in a base, in (0, 1)."""
    value, share = 0.0, 1.0
    while index:
        share /= base
        index, digit = divmod(index, base)
        value += digit * share
    return value


def _name(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def record(names: Sequence[str], workers: int) -> None:
    """Train what is not stored yet, set by set."""
    for name in names:
        stored = _stored()
        own = stored.setdefault(name, {})
        settings = {key: one for key, one in pool().items() if key not in own}
        if not settings:
            continue
        study = _study(name, workers)
        own["kind"] = study.task.inputs.kind
        own["higher"] = study.task.metrics[0] not in ("mase", "mae", "mse")
        for key, scores in _trained(study, settings, workers).items():
            own[key] = scores
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(json.dumps(stored, indent=1) + "\n")
        print(f"{name}: {len(settings)} settings", flush=True)


def _study(name: str, workers: int) -> PreparedStudy:
    wanted = dict(SETS[name])
    path, split = DATA / wanted.pop("data"), wanted.pop("split", None)
    data = _training_part(path) if path.suffix == ".npz" else path
    asked = Study(
        candidates=CANDIDATES,
        budget={"time": None},
        folder=ROOT / "runs" / "portfolio" / name,
        data={} if split is None else {"split": split},
        settings={"baselines": (), "workers": workers},
        **wanted,
    )
    sources, spec, folder = asked.resolve(data, None, None)
    folder.mkdir(parents=True, exist_ok=True)
    return prepare_study(spec, sources, folder, lambda moment: None)


def _training_part(path: Path) -> pd.DataFrame:
    """The training series of an archive as a wide table, some of them where there are many."""
    with np.load(path, allow_pickle=False) as arrays:
        every = -(-len(arrays["y_train"]) // MOST_SERIES)
        values, labels = arrays["x_train"][::every], arrays["y_train"][::every]
    frame = pd.DataFrame(values, columns=[f"t{step}" for step in range(values.shape[1])])
    return frame.assign(label=[f"class {label}" for label in labels])


def _trained(
    study: PreparedStudy, settings: dict[str, Setting], workers: int
) -> dict[str, dict[str, float | None]]:
    """For each setting, each family's validation score after a training of the usual length."""
    epochs = int(study.task.train_defaults.get("epochs", 10))
    allowance = Allowance(trials=len(settings), seeds=1, epochs=epochs)
    planner = Planner(study.spec, study.task, study.digests, allowance)
    numbers = {key: number for number, key in enumerate(pool())}
    assignments = {
        (key, entry.name): planner.trial(entry, numbers[key], one)
        for key, one in settings.items()
        for entry in study.entries
    }
    with Pool(study.folder, workers) as processes:
        processes.execute(list(assignments.values()))
    scores: dict[str, dict[str, float | None]] = {key: {} for key in settings}
    for (key, family), assignment in assignments.items():
        run = assignment.finished(study.folder)
        scores[key][family] = run.result["valid"] if run is not None and run.ok else None
    return scores


def make() -> dict[str, dict[str, list[str]]]:
    """For each kind of input and family, the names of the settings in their order; and for any
    kind, which is what kinds with too few sets take.
    """
    stored = _stored()
    lists: dict[str, dict[str, list[str]]] = {}
    for kind in (ANY, *sorted({own["kind"] for own in stored.values()})):
        sets = [own for own in stored.values() if kind in (ANY, own["kind"])]
        if len(sets) < FEWEST_SETS:
            lists |= {ANY: {"every": list(spread())}} if kind == ANY else {}
            continue
        groups = {**FAMILIES, "every": CANDIDATES}
        lists[kind] = {
            group: _greedy(np.concatenate([_regrets(own, members) for own in sets]))
            for group, members in groups.items()
        }
    return lists


def _regrets(own: dict[str, Any], members: Sequence[str]) -> NDArray[np.float64]:
    """What each setting lacks to the best, (families, settings), in units of a set's spread: from
    the best setting to the one in the middle.
    """
    sign = 1.0 if own["higher"] else -1.0
    rows = []
    for family in members:
        scores = [own[key].get(family) for key in pool()]
        values = np.array([np.nan if v is None else sign * v for v in scores])
        values = np.where(np.isnan(values), np.nanmin(values), values)
        spread = max(values.max() - np.median(values), 1e-9)
        rows.append(np.minimum((values.max() - values) / spread, 2.0))
    return np.array(rows)


def _greedy(regrets: NDArray[np.float64]) -> list[str]:
    """Settings that complement one another, the most helpful first."""
    names, chosen = list(pool()), []
    best = np.full(len(regrets), np.inf)
    for _ in range(LISTED):
        gains = np.minimum(best[:, None], regrets).mean(axis=0)
        gains += TIE * regrets.mean(axis=0)  # of two that help alike, the better one
        gains[chosen] = np.inf
        chosen.append(int(gains.argmin()))
        best = np.minimum(best, regrets[:, chosen[-1]])
    return [names[index] for index in chosen]


def _write(lists: dict[str, dict[str, list[str]]]) -> None:
    lines = [
        "# The settings that tuning tries first; made by python -m bench.portfolio.",
        f"# Development sets: {', '.join(_stored())}. A kind of input has lists of its own from",
        f"# {FEWEST_SETS} sets on; the others take those of any kind, which spread rate and",
        "# dropout where there are no more sets than that either.",
        f"version = {VERSION}",
    ]
    settings = pool() | spread()
    for kind, groups in lists.items():
        for group, names in groups.items():
            for name in names:
                lines += ["", f"[[{kind}.{group}]]", *_fields(settings[name])]
    LISTS.write_text("\n".join(lines) + "\n")


def _fields(setting: Setting) -> list[str]:
    return [f"{name} = {json.dumps(value)}" for name, value in setting.named]


def _stored() -> dict[str, Any]:
    return dict(json.loads(RECORD.read_text())) if RECORD.exists() else {}


def main() -> int:
    """Record, or make the lists of what is recorded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    arguments = parser.parse_args()
    if arguments.record:
        record(arguments.sets, arguments.workers)
        return 0
    lists = make()
    _write(lists)
    for kind, groups in lists.items():
        for group, names in groups.items():
            print(f"{kind}, {group}:", *names, sep="\n  ")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
