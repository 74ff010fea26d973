"""One data set's record: how every family does at every setting, rung and seed.

Trainings go through the study's own planner and processes. A record holds validation scores and
seconds of short and full trials, and per-example test statistics of fresh seeds, those of all
settings and more of the best two; of baselines, those of their one run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.quality import DATA
from bench.regret.sets import SETS
from seqlab import registry
from seqlab.compare.families import BASELINES
from seqlab.metrics.base import Array, Metric
from seqlab.runs import Run
from seqlab.study.assignment import Assignment
from seqlab.study.plan import Allowance, PlannedContestant, Planner, Tuned, train_spec
from seqlab.study.planning import LONGEST
from seqlab.study.pool import Pool
from seqlab.study.portfolio import setting, version
from seqlab.study.preparation import PreparedStudy, prepare_study
from seqlab.study.timing import Pace, probe
from seqlab.study.trials import verdict_epochs
from seqlab.workbench.study import Study

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "bench" / "records" / "regret"
SETTINGS = 9
SEEDS, SEEDS_OF_BEST, BEST = 2, 8, 2  # of every setting; of the best ones
MOST_EXAMPLES = 1000  # of the test part whose statistics are kept


@dataclass(frozen=True, eq=False)
class Record:
    """What is known of one data set.

    trials      family → role (short, trial) → per setting {valid, seconds, epochs}
    statistics  contestant ("gru/3", or a baseline's name) → (seeds, examples, K)
    valid       contestant → validation scores of these seeds
    latency     contestant's family or baseline → ms an example
    """

    name: str
    metric: str
    seen: bool
    portfolio: int
    epochs: int
    paces: Mapping[str, Mapping[str, float]]
    families: Mapping[str, Sequence[str]]
    trials: Mapping[str, Mapping[str, Sequence[Mapping[str, float | None]]]]
    valid: Mapping[str, Sequence[float | None]]
    seconds: Mapping[str, float]
    constant: Sequence[str]
    examples: int
    validation_examples: int
    statistics: Mapping[str, Array]

    @property
    def judge(self) -> Metric:
        """The metric."""
        metric: Metric = registry.load("metrics", self.metric)()
        return metric

    def save(self) -> None:
        """Store it, compressed."""
        RECORDS.mkdir(parents=True, exist_ok=True)
        plain = {k: v for k, v in self.__dict__.items() if k != "statistics"}
        arrays = {
            name.replace("/", "|"): values.astype(np.uint8 if _is_binary(values) else np.float32)
            for name, values in self.statistics.items()
        }
        text = np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)
        with open(RECORDS / f"{self.name}.npz", "wb") as file:
            np.savez_compressed(file, record=text, **arrays)

    @classmethod
    def load(cls, path: Path) -> Record:
        """Read a stored record."""
        with np.load(path, allow_pickle=False) as stored:
            plain = json.loads(stored["record"].tobytes().decode())
            statistics = {
                name.replace("|", "/"): stored[name].astype(np.float64)
                for name in stored.files
                if name != "record"
            }
        return cls(**plain, statistics=statistics)


def _is_binary(values: Array) -> bool:
    return bool(np.isin(values, (0, 1)).all())


def record(name: str, workers: int) -> Record:
    """Make a set's record; runs that were finished before are read."""
    study = _prepared(name, workers)
    epochs = int(study.task.train_defaults.get("epochs", 10))
    allowance = Allowance(trials=SETTINGS, seeds=SEEDS, epochs=epochs, longest=LONGEST)
    planner = Planner(study.spec, study.task, study.digests, allowance)
    metric: Metric = registry.load("metrics", study.task.metrics[0])()
    models = [entry for entry in study.entries if entry.kind == "model"]
    with Pool(study.folder, workers) as pool:
        trials = {
            entry.name: {
                role: _trials(planner, entry, role, study, pool) for role in ("short", "trial")
            }
            for entry in models
        }
        verdicts: dict[str, list[Run]] = {}
        for entry in models:
            verdicts |= _verdicts(planner, entry, trials[entry.name]["trial"], study, pool)
        for entry in study.entries:
            if entry.kind == "baseline":
                verdicts[entry.name] = _done(planner.verdict(entry, 0, Tuned()), study, pool)
    train = train_spec(study.spec, study.task, allowance.length("short"), None, 0)
    paces = probe(study.first, models, train, study.spec.backend)
    made = Record(
        name=name,
        metric=metric.name,
        seen=SETS[name].seen,
        portfolio=version(),
        epochs=epochs,
        paces={family: asdict(pace) for family, pace in paces.items()},
        families={
            e.name: (BASELINES,) if e.kind == "baseline" else e.families for e in study.entries
        },
        trials={
            family: {role: [_told(run) for run in runs] for role, runs in roles.items()}
            for family, roles in trials.items()
        },
        valid={n: [run.result["valid"] for run in runs] for n, runs in verdicts.items()},
        seconds={
            n: float(np.mean([run.result["wall_seconds"] for run in runs]))
            for n, runs in verdicts.items()
        },
        constant=[entry.name for entry in study.entries if entry.constant],
        examples=len(study.first.test),
        validation_examples=len(study.first.valid),
        statistics={n: _statistics(runs, metric) for n, runs in verdicts.items()},
    )
    made.save()
    return made


def _prepared(name: str, workers: int) -> PreparedStudy:
    wanted = SETS[name]
    asked = Study(
        task=wanted.task,
        encoding=wanted.encoding,
        columns=wanted.columns,
        data=wanted.settings,
        budget={"time": None},
        folder=ROOT / "runs" / "regret" / name,
        settings={"workers": workers},
    )
    test = None if wanted.test is None else DATA / wanted.test
    sources, spec, folder = asked.resolve(DATA / wanted.data, None, test)
    folder.mkdir(parents=True, exist_ok=True)
    return prepare_study(spec, sources, folder, lambda moment: None)


def _trials(
    planner: Planner, entry: PlannedContestant, role: str, study: PreparedStudy, pool: Pool
) -> list[Run]:
    assignments = [
        planner.trial(entry, number, setting(study.task, entry.families, number, SETTINGS), role)
        for number in range(SETTINGS)
    ]
    return _done(assignments, study, pool)


def _verdicts(
    planner: Planner,
    entry: PlannedContestant,
    trials: Sequence[Run],
    study: PreparedStudy,
    pool: Pool,
) -> dict[str, list[Run]]:
    """Fresh seeds of every setting, more of those that validated best."""
    metric: Metric = registry.load("metrics", study.task.metrics[0])()
    sign = 1 if metric.higher_is_better else -1
    order = sorted(
        range(SETTINGS),
        key=lambda n: -sign * trials[n].result["valid"] if trials[n].ok else np.inf,
    )
    found = {}
    for number in range(SETTINGS):
        seeds = SEEDS_OF_BEST if number in order[:BEST] else SEEDS
        epochs = verdict_epochs(planner.allowance, trials[number])
        tuned = Tuned(setting(study.task, entry.families, number, SETTINGS), epochs)
        assignments = [
            one
            for seed in range(seeds)
            for one in planner.verdict(entry, 100 * number + seed, tuned)
        ]
        found[f"{entry.name}/{number}"] = _done(assignments, study, pool)
    return found


def _done(assignments: Sequence[Assignment], study: PreparedStudy, pool: Pool) -> list[Run]:
    pool.execute(assignments)
    runs = [assignment.finished(study.folder) for assignment in assignments]
    return [run for run in runs if run is not None]


def _told(run: Run) -> dict[str, float | None]:
    return {name: run.result.get(name) for name in ("valid", "wall_seconds", "epochs")}


def _statistics(runs: Sequence[Run], metric: Metric) -> Array:
    values = np.stack([run.statistics(metric.name) for run in runs if run.ok])
    rows = np.random.default_rng(0).permutation(values.shape[1])[:MOST_EXAMPLES]
    kept: Array = values[:, np.sort(rows)]
    return kept


def pace_of(values: Mapping[str, Any]) -> Pace:
    """A pace as it was recorded."""
    return Pace(**values)
