"""One deterministic finished study, written with the package's own functions, for tests to read.

Six contestants on a made-up two-class text set: four that train, one that failed in every run and
one deterministic baseline; five trials and eight verdict seeds each, two subset sizes, and an
exhibit of every kind.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from seqlab.compare.contestants import Contestant
from seqlab.compare.decision import Rules, compare
from seqlab.compare.need import needs
from seqlab.compare.recommendation import Constraints, Costs, Wishes, recommend
from seqlab.compare.sizes import judge_sizes
from seqlab.metrics.accuracy import Accuracy
from seqlab.runs import Job, list_runs, write_json, write_run
from seqlab.versions import FORMAT

EXAMPLES = 600
SEEDS = 8
TRIALS = 5
EVALUATIONS = 10
SIZES = (500, 2000)
WHOLE = 8000
LABELS = ("negative", "positive")

# name, kind, accuracy, spread between seeds, latency in ms, training seconds, body parameters
CONTESTANTS = (
    ("rnn", "model", 0.741, 0.016, 1.9, 11.0, 49_210),
    ("lstm", "model", 0.786, 0.009, 2.6, 21.0, 49_866),
    ("gru", "model", 0.792, 0.007, 2.3, 17.5, 49_530),
    ("transformer", "model", 0.779, 0.012, 1.4, 28.0, 48_770),
    ("tfidf-logistic", "baseline", 0.788, 0.0, 0.31, 0.6, 18_412),
)
FAILED = ("longformer", "model")
REASON = "diverged: the loss was not a number at step 212"


def job_result(job: Job, seed: int, valid: float | None, **more: object) -> dict[str, object]:
    """A run's result as the study layer writes it."""
    return {
        "candidate": job.candidate,
        "kind": job.kind,
        "role": job.role,
        "number": job.number,
        "fold": job.fold,
        "size": job.size,
        "status": "ok",
        "reason": "",
        "seed": seed,
        "valid": valid,
        "test": {},
        "parameters": {"body": 49_000, "embedding": 120_000},
        "width": 96,
        "learning_rate": 0.001,
        "epochs": 5,
        "steps": 800,
        "tokens": 1_200_000,
        "seconds": 20.0,
        "loading": 0.0123,
        "backend": "torch",
        "settings": {"model": {}, "train": {}},
    } | more


def history(valid: float, kind: str, rng: np.random.Generator) -> list[dict[str, float]]:
    """Ten evaluations that approach the run's validation score."""
    if kind == "baseline":
        return []
    share = np.arange(1, EVALUATIONS + 1) / EVALUATIONS
    rise = 1 - np.exp(-4 * share)
    scores = 0.5 + (valid - 0.5) * rise + rng.normal(0, 0.004, EVALUATIONS)
    return [
        {
            "step": int(800 * s),
            "epoch": float(5 * s),
            "seconds": float(20 * s),
            "train_loss": float(0.69 - 0.45 * r),
            "valid": float(v),
            "learning_rate": float(0.001 * (1 - s)),
            "gradient_norm": float(1 - 0.5 * s),
        }
        for s, r, v in zip(share, rise, scores, strict=True)
    ]


def correctness(accuracy: float, ease: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Per-example statistics of accuracy, (examples, 2): right or wrong, and a count of one."""
    right = ease + rng.normal(0, 0.6, EXAMPLES)
    threshold = np.quantile(right, 1 - accuracy)
    return np.column_stack([(right > threshold).astype(float), np.ones(EXAMPLES)])


def exhibits(accuracy: float, name: str, rng: np.random.Generator) -> list[dict[str, object]]:
    """One exhibit of each kind."""
    lengths = ["1–5", "6–10", "11–20", "21–40", "41–80"]
    wrong = round(300 * (1 - accuracy))
    days = [f"2024-03-{day:02d}" for day in range(1, 29)]
    wave = 20 + 6 * np.sin(np.arange(28) * 2 * np.pi / 7)
    predicted = wave[21:] + rng.normal(0, 1, 7)
    return [
        {
            "kind": "curve",
            "title": "Accuracy by length",
            "data": {
                "x_label": "words",
                "y_label": "accuracy",
                "x": lengths,
                "y": (accuracy + np.linspace(0.05, -0.06, 5) + rng.normal(0, 0.01, 5)).tolist(),
                "count": [61, 148, 240, 128, 23],
            },
            "note": "Test texts grouped by their number of words.",
        },
        {
            "kind": "table",
            "title": "Quality by class",
            "data": {
                "columns": ["class", "precision", "recall", "F1", "examples"],
                "rows": [
                    [label, accuracy + 0.01, accuracy - 0.01, accuracy, 300] for label in LABELS
                ],
            },
            "note": "",
        },
        {
            "kind": "matrix",
            "title": "Confusion",
            "data": {
                "rows": list(LABELS),
                "columns": list(LABELS),
                "values": [[300 - wrong, wrong], [wrong - 4, 304 - wrong]],
                "row_label": "true class",
                "column_label": "predicted class",
            },
            "note": "",
        },
        {
            "kind": "examples",
            "title": "Hardest examples",
            "data": {"items": _hard_examples(name)},
            "note": "The loss is that of the run shown.",
        },
        {
            "kind": "series",
            "title": "Forecasts",
            "data": {
                "items": [
                    {
                        "title": "station A",
                        "history": {"x": days[:21], "y": wave[:21].tolist()},
                        "target": {"x": days[21:], "y": wave[21:].tolist()},
                        "predicted": {
                            "x": days[21:],
                            "y": predicted.tolist(),
                            "low": (predicted - 2).tolist(),
                            "high": (predicted + 2).tolist(),
                        },
                    }
                ]
            },
            "note": "",
        },
        *_pictures_and_samples(accuracy, name),
    ]


def _pictures_and_samples(accuracy: float, name: str) -> list[dict[str, object]]:
    rng = np.random.default_rng(len(name))
    true = rng.uniform(0, 5, 200)
    spots = np.outer(np.sin(np.linspace(0, 3, 28)), np.sin(np.linspace(0, 6, 28))) ** 2
    reds = np.stack([spots, 1 - spots, spots / 2], axis=2)
    kinds = {
        "scatter": {
            "x_label": "true stars",
            "y_label": "predicted stars",
            "x": true.tolist(),
            "y": (true + rng.normal(0, 2 * (1 - accuracy), 200)).tolist(),
            "diagonal": True,
        },
        "curve": {
            "x_label": "confidence",
            "y_label": "accuracy",
            "x": [0.55, 0.75, 0.95],
            "y": [0.6, 0.7, accuracy],
            "diagonal": True,
        },
        "marked": {
            "items": [
                {
                    "tokens": ["fly", "from", "New", "York", "to", "Bonn", "on", "Monday"],
                    "target": ["", "", "city", "city", "", "city", "", "day"],
                    "predicted": ["", "", "city", "city", "", "", "", "city"],
                    "note": "0.8 sure",
                },
                {"tokens": ["nothing", "here"], "target": ["", ""], "predicted": ["", ""]},
            ]
        },
        "samples": {
            "items": [{"title": "after 'ROMEO:'", "text": f"What says {name}?\n  Speak. " * 4}]
        },
        "images": {
            "items": [
                {"pixels": spots.tolist(), "target": "3", "predicted": "8", "score": accuracy},
                {"pixels": reds.tolist(), "target": "rose", "predicted": "tulip"},
            ]
        },
    }
    titles = {"scatter": "Predicted against true", "curve": "Reliability"}
    return [
        {"kind": kind, "title": titles.get(kind, f"Some {kind}"), "data": data, "note": ""}
        for kind, data in kinds.items()
    ]


def _hard_examples(name: str) -> list[dict[str, object]]:
    shared = [
        ("not bad at all, whatever the reviews told you", "positive"),
        ("a film so careful about its jokes that it forgets to tell one", "negative"),
        (
            "it would take a heart of stone to watch the last reel without laughing. " * 6,
            "negative",
        ),
    ]
    own = (f"only {name} stumbles over this one", "positive")
    return [
        {
            "text": text,
            "target": target,
            "predicted": LABELS[1 - LABELS.index(target)],
            "score": 4.2 - 0.4 * place,
            **({"note": "loss"} if place == 0 else {}),
        }
        for place, (text, target) in enumerate([*shared[: 2 + len(name) % 2], own])
    ]


def write_runs(study: Path, rng: np.random.Generator) -> None:
    """All runs: trials, verdicts and subset sizes, and the failed contestant's attempts."""
    ease = rng.normal(0, 1, EXAMPLES)
    for name, kind, accuracy, spread, *_ in CONTESTANTS:
        seeds = 1 if kind == "baseline" else SEEDS
        jobs = [Job(name, kind, "trial", n) for n in range(TRIALS if kind == "model" else 1)]
        for size in (None, *SIZES):
            jobs += [Job(name, kind, "verdict", n, size=size) for n in range(seeds)]
        for seed, job in enumerate(jobs):
            less = 0.0 if job.size is None else 0.25 / np.sqrt(job.size / 100)
            verdict = job.role == "verdict"
            off = 0.0 if verdict else 0.01 * abs(job.number - 2)  # the middle rate is the best
            score = accuracy - less - off + rng.normal(0, spread)
            statistics = correctness(score, ease, rng)
            test = {"accuracy": float(statistics[:, 0].mean())}
            rate = 0.001 if verdict else 10 ** -(2 + 0.5 * job.number)
            result = job_result(job, seed, score, test=test if verdict else {}, learning_rate=rate)
            parts: dict[str, object] = {"history": history(score, kind, rng)}
            if verdict:
                parts["statistics"] = {"accuracy": statistics}
                parts["exhibits"] = exhibits(score, name, rng)
            write_run(study / "runs" / job.folder, result, parts)
    for number in range(TRIALS):
        job = Job(*FAILED, "trial", number)
        result = job_result(job, number, None, status="failed", reason=REASON)
        write_run(study / "runs" / job.folder, result, {"history": []})


def contestants(study: Path, size: int | None) -> list[Contestant]:
    """All contestants with their verdict runs at one size of the training part."""
    runs = [run for run in list_runs(study) if run.job.role == "verdict" and run.job.size == size]
    found = []
    for name, kind, *_ in CONTESTANTS:
        own = [run for run in runs if run.job.candidate == name]
        statistics = np.stack([run.statistics("accuracy") for run in own])
        found.append(Contestant(name, statistics, deterministic=kind == "baseline"))
    return [*found, Contestant(FAILED[0], None, failed=REASON)]


def write_decision(study: Path) -> None:
    """The leaderboard, the comparison and the verdict."""
    comparison = compare(contestants(study, None), Accuracy())
    at = {size or WHOLE: contestants(study, size) for size in (*SIZES, None)}
    sizes = judge_sizes(at, Accuracy(), None, Rules()).to_dict()
    write_json(study / "comparison.json", {**comparison.to_dict(), "sizes": sizes})
    costs = {name: rest for name, _, _, _, *rest in CONTESTANTS}
    kinds = {name: kind for name, kind, *_ in (*CONTESTANTS, FAILED)}
    rows = []
    for standing in comparison.standings:
        latency, train, params = costs.get(standing.name, ("", "", ""))
        scored = standing.status != "failed"
        rows.append(
            {
                "candidate": standing.name,
                "kind": kinds[standing.name],
                "metric": "accuracy",
                "mean": standing.mean if scored else "",
                "ci_low": standing.ci_low if scored else "",
                "ci_high": standing.ci_high if scored else "",
                "status": standing.status,
                "params": params,
                "embedding_params": 120_000 if scored and kinds[standing.name] == "model" else "",
                "train_seconds": train,
                "latency_ms_p50": latency,
                "latency_ms_p95": latency * 1.4 if scored else "",
                "latency_batch64_ms": latency * 9 if scored else "",
                "peak_memory_mb": 300 + 10 * latency if scored else "",
                "seeds": standing.seeds,
                "backend": "torch" if scored else "",
                "reason": standing.reason,
            }
        )
    with open(study / "leaderboard.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    priced = {
        row["candidate"]: Costs(
            row["kind"],
            row["params"],
            row["train_seconds"],
            row["latency_ms_p50"],
            row["latency_ms_p95"],
            row["latency_batch64_ms"],
            row["peak_memory_mb"],
        )
        for row in rows
        if row["status"] != "failed"
    }
    recommendation = recommend(comparison, priced, Wishes(Constraints(max_latency_ms=2.5)))
    write_json(
        study / "verdict.json",
        {
            "recommended": recommendation.name,
            "winner_set": comparison.winner_set,
            "metric": comparison.metric,
            "margin": comparison.margin.value,
            "margin_relative": comparison.margin.relative,
            "seeds": comparison.seeds,
            "preview": comparison.preview,
            "looks": comparison.looks,
            "headline": recommendation.headline,
            "details": recommendation.details,
            "families": recommendation.families,
            "sentence": recommendation.sentence,
            "reasons": recommendation.reasons,
            "could_change": [
                *recommendation.could_change,
                *(need.sentence for need in needs(comparison)),
            ],
            "left_out": [],
            "constraints": {"max_latency_ms": 2.5},
        },
    )


def write_settings(study: Path) -> None:
    """What was asked for, on what data, on which machine."""
    names = [name for name, *_ in (*CONTESTANTS[:-1], FAILED, CONTESTANTS[-1])]
    write_json(
        study / "study.json",
        {
            "format": FORMAT,
            "name": "reviews-classify",
            "task": "text classification",
            "metric": "accuracy",
            "higher_is_better": True,
            "data": ["reviews.csv"],
            "command": "seqlab compare reviews.csv --seeds 8 --trials 5 --sizes 500,2000,all",
            "budget": {
                "params": 50_000,
                "epochs": 5,
                "seeds": SEEDS,
                "trials": TRIALS,
                "time": 600,
            },
            "realised": {"time": 571.3, "gru": {"epochs": 5.0, "seeds": SEEDS}},
            "margin": {"value": 0.01, "relative": False},
            "candidates": names,
            "left_out": ["Subset sizes of longformer: it failed in every trial."],
            "sizes": list(SIZES),
            "folds": None,
            "looks": 1,
            "seqlab_version": "0.1.0",
            "created": "2025-01-31 12:00",
        },
    )
    write_json(
        study / "environment.json",
        {
            "python": "3.11.9",
            "torch": "2.6.0",
            "numpy": "2.1.0",
            "platform": "Linux-6.1-x86_64",
            "cpu": "a processor",
            "cores": 2,
            "threads": 1,
            "device": "cpu",
        },
    )
    write_json(
        study / "data_card.json",
        {
            "origin": "reviews.csv",
            "fingerprint": "9f2c6a51d07be483",
            "parts": {"train": WHOLE, "valid": 1_000, "test": EXAMPLES},
            "columns": {"text": "review", "label": "stars"},
            "labels": {"negative": 4_810, "positive": 4_790},
            "duplicates_removed": 14,
            "notes": ["14 training texts that also stand in the test part were removed."],
            "findings": [
                {
                    "severity": "info",
                    "title": "Texts are short",
                    "detail": "99 % have at most 62 words.",
                    "advice": "",
                },
                {
                    "severity": "warning",
                    "title": "Labels may be noisy",
                    "detail": "A quick baseline contradicts 210 labels with a probability of 0.9.",
                    "advice": "Read some of them; wrong labels in the test part blur verdicts.",
                },
            ],
        },
    )


def write_golden_study(folder: Path, seed: int = 0) -> Path:
    """Write the study into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder)
    write_runs(folder, np.random.default_rng(seed))
    write_decision(folder)
    return folder
