"""What the page tells: the answer, who stands where, the curves, the errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqlab.compare.comparison import VERDICT_SEEDS
from seqlab.compare.wording import plural
from seqlab.report.differences import against_best, margin_words, pair_table
from seqlab.report.doctor import ailments
from seqlab.report.exhibits import MOST_CASES, gather
from seqlab.report.figure import Figure
from seqlab.report.learning import learning
from seqlab.report.numbers import count, significant
from seqlab.report.quality import cost, intervals, places
from seqlab.report.race import race, race_words
from seqlab.report.sizes import sizes
from seqlab.report.stored import StoredStudy
from seqlab.report.tuning import expected_best, rates

NO_VERDICT = "This study has no verdict yet."
HEADLINE = 170  # characters that can be read at a headline's size


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard: its key in the file, its heading, and how it is shown."""

    key: str
    title: str
    unit: str = ""
    measured: bool = True  # to three digits; else a whole number
    beneath: str = ""  # a second key, shown small beneath the first
    words: str = ""  # what the second one is


COLUMNS = (
    Column("latency_ms_p50", "Latency", "ms, batch 1", beneath="latency_ms_p95", words="p95"),
    Column("latency_batch64_ms", "Batch of 64", "ms"),
    Column("peak_memory_mb", "Memory", "peak MB"),
    Column("train_seconds", "Training", "s a run"),
    Column("params", "Parameters", "+ embeddings", False, "embedding_params", "+"),
    Column("seeds", "Seeds", measured=False, beneath="came_to_nothing", words="of no use:"),
)
LIKELY_COLUMNS = (
    Column("first_of_100", "First", "of 100 draws", False),
    Column("first_if_retuned_of_100", "First", "if tuned again", False),
)


def story(study: StoredStudy) -> dict[str, Any]:
    """Everything the templates say about the result."""
    return {
        **_answer(study),
        "metric": study.metric,
        "higher_is_better": study.higher_is_better,
        "margin_words": margin_words(study),
        "places": places(study),
        "contestants": study.contestants,
        "ranked": study.ranked,
        "recommended": study.recommended,
        "failures": [c for c in study.contestants if c.status == "failed"],
        "columns": _columns(study),
        "score_words": _score_words(study),
        "intervals": intervals(study),
        "against_best": against_best(study),
        "pairs": pair_table(study),
        "costs": _present(
            cost(study, "latency_ms_p50", "latency of one example", "ms"),
            cost(study, "train_seconds", "training time of one run", "s"),
        ),
        "learning": _present(
            learning(study, "valid", f"Validation {study.metric}"),
            learning(study, "train_loss", "Training loss"),
        ),
        "ailments": ailments(study),
        "tuning": _present(expected_best(study), rates(study)),
        "race": race(study),
        "race_words": race_words(study),
        "sizes": sizes(study),
        "size_sentence": (study.comparison.get("sizes") or {}).get("sentence"),
        "exhibits": gather(study),
        "most_cases": MOST_CASES,
    }


def _answer(study: StoredStudy) -> dict[str, Any]:
    verdict, settings = study.verdict, study.settings
    winners = verdict.get("winner_set") or []
    return {
        "settings": dict.fromkeys(("name", "seqlab_version", "created", "command")) | settings,
        "eyebrow": [
            str(text) for text in (settings.get("name"), settings.get("task"), study.metric) if text
        ],
        **_sentence(verdict),
        "families": verdict.get("families") or [],
        "reasons": verdict.get("reasons") or [],
        "could_change": verdict.get("could_change") or [],
        "winners": [c for c in study.contestants if c.name in winners],
        "seeds": study.seeds,
        "preview": bool(study.comparison.get("preview")),
        "headline_length": HEADLINE,
        "verdict_seeds": VERDICT_SEEDS,
        "recommended_facts": _recommended_facts(study),
        "confidence": _confidence(study),
        "compared": _compared(study),
    }


def _sentence(verdict: dict[str, Any]) -> dict[str, Any]:
    """The answer as a headline, and the sentences that stand below it."""
    if verdict.get("headline"):
        return {"headline": verdict["headline"], "beneath": verdict.get("details") or []}
    return {"headline": str(verdict.get("sentence") or NO_VERDICT), "beneath": []}


def _columns(study: StoredStudy) -> list[Column]:
    """What the leaderboard shows: the columns of which something is known."""
    all_runs = [Column("mean_of_all_runs", study.metric, "mean of all runs")]
    shown = (*all_runs * (_restarts(study) > 1), *LIKELY_COLUMNS, *COLUMNS)
    return [k for k in shown if any(c.number(k.key) is not None for c in study.ranked)]


def _restarts(study: StoredStudy) -> int:
    return int(study.comparison.get("restarts") or 1)


def _score_words(study: StoredStudy) -> str:
    """What a score is the score of."""
    restarts = _restarts(study)
    return f"best of {restarts} runs by validation" if restarts > 1 else "mean of all runs"


def _recommended_facts(study: StoredStudy) -> list[str]:
    contestant = study.recommended
    if contestant is None:
        return []
    measured = (("latency_ms_p50", "ms an example"), ("peak_memory_mb", "MB"))
    facts = [
        f"{significant(contestant.number(key), 2)} {unit}"
        for key, unit in measured
        if contestant.number(key) is not None
    ]
    params = contestant.number("params")
    return facts + ([f"{count(params)} parameters"] if params is not None else [])


def _confidence(study: StoredStudy) -> list[str]:
    comparison = study.comparison
    level, spent = comparison.get("level"), comparison.get("level_spent")
    if level is None or spent is None:
        return []
    sure, now = (significant(100 * (1 - error), 3) for error in (level, spent))
    sure, now = sure.removesuffix(".0"), now.removesuffix(".0")
    lines = [f"{sure} % confidence over the whole study"]
    lines += [f"margin: {margin_words(study)}"] * (study.margin is not None)
    changes = (study.verdict.get("declared") or {}).get("changes") or []
    return [*lines, f"look {comparison.get('looks') or 1} at the test part, at {now} %", *changes]


LIMITS = {  # constraint → its words
    "max_latency_ms": ("latency", "ms"),
    "max_memory_mb": ("memory", "MB"),
    "max_size_mb": ("stored weights", "MB"),
    "max_params": ("size", "parameters"),
}


def _limits(study: StoredStudy) -> list[str]:
    given = study.verdict.get("constraints") or {}
    return [
        f"limit: {LIMITS[name][0]} at most {value:,g} {LIMITS[name][1]}"
        for name, value in given.items()
        if name in LIMITS and value is not None
    ]


def _compared(study: StoredStudy) -> list[str]:
    if not study.contestants:
        return []
    lines = [f"{len(study.contestants)} contestants"]
    seeds = study.seeds
    lines += [
        f"{seeds} seed{'' if seeds == 1 else 's'} for each contestant with random training"
    ] * bool(seeds)
    examples = study.comparison.get("examples")
    units, unit = study.comparison.get("units"), str(study.comparison.get("unit") or "")
    within = f" in {count(units)} independent {plural(unit)}" if units != examples and unit else ""
    lines += [f"{count(examples)} test examples{within}"] * bool(examples)
    return lines + _limits(study)


def _present(*figures: Figure | None) -> list[Figure]:
    return [figure for figure in figures if figure is not None]
