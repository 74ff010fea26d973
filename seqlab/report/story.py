"""What the page tells: the answer, who stands where, the curves, the errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqlab.compare.comparison import VERDICT_SEEDS
from seqlab.report.differences import against_best, margin_words, pair_table
from seqlab.report.doctor import ailments
from seqlab.report.exhibits import MOST_CASES, gather
from seqlab.report.figure import Figure
from seqlab.report.first import MOST_ROWS, answer_figure, facts
from seqlab.report.learning import learning
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
    Column("brought_params", "Brought", "parameters learned elsewhere", False),
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
        "intervals": intervals(study) if len(study.ranked) > MOST_ROWS else None,
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
    return {
        "settings": dict.fromkeys(("name", "seqlab_version", "created", "command")) | settings,
        "eyebrow": [
            str(text) for text in (settings.get("name"), settings.get("task"), study.metric) if text
        ],
        **_sentence(verdict),
        "families": verdict.get("families") or [],
        "reasons": verdict.get("reasons") or [],
        "could_change": verdict.get("could_change") or [],
        "headline_length": HEADLINE,
        "verdict_seeds": VERDICT_SEEDS,
        "answer": answer_figure(study),
        "facts": facts(study),
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


def _present(*figures: Figure | None) -> list[Figure]:
    return [figure for figure in figures if figure is not None]
