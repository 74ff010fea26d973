"""What a language model writes after prompts: words of a list, a judge's verdict, copies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqlab.errors import UserError
from seqlab.explain.case import texts_of
from seqlab.explain.copies import Lexicon, SuffixArray, addresses, copies, masked
from seqlab.explain.proportions import wilson
from seqlab.explain.subject import study_of
from seqlab.progress import doing
from seqlab.study.prepared_folder import load_prepared
from seqlab.tasks.base import as_array
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.language import Language
from seqlab.workbench.auditing import Audit
from seqlab.workbench.generating import Writer
from seqlab.workbench.predictor import Predictor, load

MOST_TRAINING_CHARACTERS = 5_000_000  # in which copies are looked for
GROUP = "\t"  # between a prompt and the group that it is of


def audit_generated(
    model: str | os.PathLike[str],
    prompts: Path,
    *,
    lexicon: Path | None = None,
    judge: Path | None = None,
    samples: int = 4,
    tokens: int = 100,
    show_words: bool = False,
    device: str = "cpu",
) -> Audit:
    """Rates over prompts × samples, with intervals, for each prompt and group of prompts.

    A line of `prompts` is a prompt, or a prompt, a tab and the group that it is of.
    """
    predictor = load(model, device)
    words = (
        None
        if lexicon is None
        else Lexicon.read(_lines(lexicon, "--lexicon"), f"--lexicon {lexicon}")
    )
    asked = [line.partition(GROUP)[::2] for line in _lines(prompts, "--prompts") if line.strip()]
    if not asked:
        raise UserError(f"--prompts {prompts}: no prompts", "write a prompt a line")
    texts = _written(predictor, asked, samples, tokens, str(prompts))
    found = Audit(str(predictor.card["candidate"]), predictor.task.name, len(texts))
    table = pd.DataFrame(texts, columns=["prompt", "group", "text"])
    flags: dict[str, list[bool]] = {}
    if words is not None:
        hits = [words.found(text) for text in table["text"]]
        flags["holds a word of the list"] = [bool(hit) for hit in hits]
        _words_into(found, hits, show_words)
    if judge is not None:
        flags |= _judged(found, judge, table["text"].tolist(), device)
    flags["holds an address or number"] = [bool(addresses(text)) for text in table["text"]]
    copied = _copied(predictor, Path(model), table["text"].tolist(), found)
    if copied is not None:
        flags["copies training text"] = [bool(one) for one in copied]
        longest = sorted({c for one in copied for c in one}, key=len, reverse=True)[:5]
        found.notes += [f"copied word for word: {text!r}" for text in longest]
    _rates_into(found, table, flags)
    return found


def _lines(path: Path, option: str) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"{option} {path}: {reason}", "name a file of text, an entry a line"
        ) from None


def _written(
    predictor: Predictor, asked: Sequence[Sequence[str]], samples: int, tokens: int, where: str
) -> list[tuple[str, str, str]]:
    writer, found = Writer(predictor), []
    for number, (prompt, group) in enumerate(asked):
        with doing(f"writing: prompt {number + 1:,} of {len(asked):,}"):
            for seed in range(samples):
                try:
                    text = "".join(writer.write(prompt, tokens, seed=seed))
                except UserError as error:
                    said = error.message.removeprefix("--prompt: ")
                    raise UserError(
                        f"--prompts {where} line {number + 1}: {said}", error.hint
                    ) from None
                found.append((prompt, group.strip() or "all", text))
    return found


def _words_into(found: Audit, hits: Sequence[Sequence[str]], show: bool) -> None:
    counts = pd.Series([word.lower() for hit in hits for word in hit], dtype=object).value_counts()
    rows = [(word if show else masked(str(word)), int(n)) for word, n in counts.items()]
    found.tables["words of the list"] = pd.DataFrame(rows, columns=["word", "times"])


def _judged(found: Audit, judge: Path, texts: list[str], device: str) -> dict[str, list[bool]]:
    """Each text by a classifier, whose last class is what is looked for."""
    judging = load(judge, device)
    task = judging.task
    if not isinstance(task, Classifier) or "text" not in task.columns:
        raise UserError(
            f"--judge {judge}: trained for {task.name}, which judges no texts",
            "expected the best/ folder of a text classification",
        )
    some = [text if text.strip() else " ." for text in texts]
    predicted = judging.predict(pd.DataFrame({task.columns["text"]: some}))["predicted"]
    name = task.classes[-1]
    rates = _error_rates(judging, judge)
    if rates is None:
        found.notes.append(
            f"judge: how often it is wrong about “{name}” is not known here, so that its rate is"
            " not corrected"
        )
    else:
        seen = float((predicted == name).mean())
        false, missed = rates
        true = (seen - false) / max(1 - false - missed, 1e-9)
        found.notes.append(
            f"judge: it calls {100 * seen:.1f} % “{name}”; with its own errors on its test part"
            f" ({100 * false:.1f} % false alarms, {100 * missed:.1f} % missed) that stands for"
            f" {100 * min(max(true, 0), 1):.1f} %"
        )
    return {f"judged “{name}”": (predicted == name).tolist()}


def _error_rates(judging: Predictor, folder: Path) -> tuple[float, float] | None:
    """False alarms and misses of the last class, on the judge's own test part."""
    study = study_of(folder)
    if study is None:
        return None
    test = load_prepared(judging.task.name, study / "prepared/fold0").test
    said = as_array(judging.raw(test)).argmax(axis=1)
    last = len(judging.task.classes) - 1  # type: ignore[attr-defined]
    true = test.array("label") == last
    if not true.any() or true.all():
        return None
    return float((said[~true] == last).mean()), float((said[true] != last).mean())


def _copied(
    predictor: Predictor, model: Path, texts: list[str], found: Audit
) -> list[list[str]] | None:
    study = study_of(model)
    if study is None:
        found.notes.append("copies: not looked for, for the training text is not here")
        return None
    assert isinstance(predictor.task, Language)
    with doing("looking for copies of the training text"):
        train = load_prepared(predictor.task.name, study / "prepared/fold0").train
        whole = "".join(texts_of(predictor.task, train))
        if len(whole) > MOST_TRAINING_CHARACTERS:
            found.notes.append(
                f"copies: looked for in the first {MOST_TRAINING_CHARACTERS:,} of"
                f" {len(whole):,} characters of training text"
            )
        array = SuffixArray(whole[:MOST_TRAINING_CHARACTERS])
        return [copies(array, text) for text in texts]


def _rates_into(found: Audit, table: pd.DataFrame, flags: dict[str, list[bool]]) -> None:
    rows: list[dict[str, Any]] = []
    for measure, hits in flags.items():
        each = np.array(hits, dtype=bool)
        parts = [("all prompts", np.ones(len(each), dtype=bool))]
        for column in ("group", "prompt"):
            names = list(dict.fromkeys(table[column]))
            if len(names) > 1:
                parts += [
                    (f"{column} {name}", (table[column] == name).to_numpy()) for name in names
                ]
        for name, mine in parts:
            rate = wilson(int(each[mine].sum()), int(mine.sum()))
            rows.append(
                {
                    "measure": measure,
                    "of": name,
                    "texts": int(mine.sum()),
                    "rate": rate.value,
                    "low": rate.low,
                    "high": rate.high,
                }
            )
        whole = wilson(int(each.sum()), len(each))
        found.findings.append(
            f"{100 * whole.value:.1f} % of {len(each):,} texts: {measure} (95 %:"
            f" {100 * whole.low:.1f}–{100 * whole.high:.1f})"
        )
    found.tables["rates"] = pd.DataFrame(rows)
