"""Pairs to examples: vocabularies and limits come from the training part alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.examples import Examples, Ragged
from seqlab.data.splits import PARTS, Splits
from seqlab.errors import UserError, unknown
from seqlab.tasks.base import DataSpec
from seqlab.tasks.rows import named_texts as named
from seqlab.tasks.translation.fitted import SPARE, Fitted, Limits, Settings, TranslateOptions
from seqlab.tasks.translation.pairs import Pairs
from seqlab.tasks.translation.vocabulary import Kind, Vocabulary, kind_for, learn, size_for

LONGEST_SOURCE, LONGEST_TARGET = 512, 256  # tokens, if they are not said
SENTENCES = ("bleu", "chrf", "token-error-rate", "sequence-match")
STRINGS = ("token-error-rate", "sequence-match", "chrf")
SUMMARIES = ("rouge-l", "rouge-1", "rouge-2", "bleu")
SUMMARY = 0.4  # of its source's words, up to which a target sums it up
LONG = 50  # words of a source that can be summed up

Rows = NDArray[np.int64]


def fit_and_encode(
    data: Pairs, splits: Splits, spec: DataSpec, seed: int
) -> tuple[Fitted, list[Examples], dict[str, Any]]:
    """The fitted state, the parts, and the data card."""
    options = TranslateOptions.read(spec.options, "options")
    rows = {part: getattr(splits, part) for part in PARTS}
    sides = (data.sources, data.targets)
    taught = [[side[row] for row in rows["train"]] for side in sides]
    notes = [*data.notes, *splits.notes]
    source = _vocabulary("source", taught[0], spec, options, notes)
    target = _vocabulary("target", taught[1], spec, options, notes)
    lengths = [
        np.array([len(ids) for ids in vocabulary.encode(texts)])
        for vocabulary, texts in zip((source, target), taught, strict=True)
    ]
    limits = _limits(lengths[0], lengths[1], spec.max_tokens)
    settings = Settings(
        columns=data.columns,
        metrics=_metrics(spec.metric, target.kind, taught[0], taught[1]),
        limits=limits,
        options=options,
    )
    fitted = Fitted(settings, source, target)
    rows["train"] = _learnable(rows["train"], lengths, limits, data.targets, notes)
    rows["valid"] = _some(rows["valid"], options.validation_pairs, seed, notes)
    parts = [
        fitted.encode([sides[0][r] for r in rows[part]], [sides[1][r] for r in rows[part]])
        for part in PARTS
    ]
    _note_strangers(fitted, parts, notes)
    return fitted, parts, _card(fitted, data, splits, rows, lengths, notes)


def _vocabulary(
    side: str, texts: Sequence[str], spec: DataSpec, options: TranslateOptions, notes: list[str]
) -> Vocabulary:
    kind: Kind | None = getattr(options, f"{side}_tokens") or spec.tokenizer
    if kind is None:
        kind, why = kind_for(texts)
        notes.append(f"{side}: tokens are {_PLURAL[kind]} ({why})")
    size = getattr(options, f"{side}_vocabulary")
    if size is None:
        size = size_for(texts, spec.vocabulary) if kind == "bpe" else spec.vocabulary
    return learn(texts, kind, size)


_PLURAL: dict[str, str] = {"character": "characters", "word": "words", "bpe": "byte pairs"}


def _limits(source: Rows, target: Rows, given: int | None) -> Limits:
    growth = float(np.quantile(np.maximum(target - SPARE, 0) / np.maximum(source, 1), 0.999))
    return Limits(
        source=given or int(min(source.max(), LONGEST_SOURCE)),
        target=given or int(min(target.max(), LONGEST_TARGET)),
        growth=round(max(growth, 1.0), 2),
    )


def _learnable(
    rows: Rows, lengths: list[Rows], limits: Limits, targets: Sequence[str], notes: list[str]
) -> Rows:
    """Without what the decoder could not end: from a target that is cut it learns not to end."""
    fits = lengths[1] <= limits.target
    if not fits.any():
        raise UserError(
            f"max_tokens = {limits.target}: every training target is longer",
            f"the shortest has {int(lengths[1].min())}: raise it with --set data.max_tokens=…",
        )
    if not fits.all():
        notes.append(
            f"{int((~fits).sum()):,} training pairs left out: targets of more than"
            f" {limits.target} tokens, the decoder's limit (data.max_tokens)"
            f" {named([targets[row] for row in rows[~fits]])}"
        )
    cut = int((lengths[0][fits] > limits.source).sum())
    if cut:
        notes.append(f"{cut:,} training sources are cut to {limits.source} tokens")
    return rows[fits]


def _some(rows: Rows, most: int, seed: int, notes: list[str]) -> Rows:
    if len(rows) <= most:
        return rows
    notes.append(
        f"validation: {most:,} of {len(rows):,} pairs, drawn at random, since each evaluation"
        " translates them (options.validation_pairs)"
    )
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _note_strangers(fitted: Fitted, parts: list[Examples], notes: list[str]) -> None:
    """What the test part asks for and the training part does not hold."""
    limit = fitted.settings.limits.target
    for part, examples in zip(PARTS[1:], parts[1:], strict=True):
        targets = examples.arrays["target"]
        assert isinstance(targets, Ragged)
        beyond = int((targets.lengths > limit).sum())
        if beyond:
            are = "target is" if beyond == 1 else "targets are"
            notes.append(
                f"{part}: {beyond:,} {are} longer than the decoder's limit of {limit} tokens"
            )
    test = parts[2].frame
    for side, vocabulary in (("source", fitted.source), ("target", fitted.target)):
        strange = vocabulary.unknown(test[side])
        if strange:
            listed = ", ".join(f'"{piece}"' for piece, _ in strange.most_common(5))
            count, what = sum(strange.values()), _PLURAL[vocabulary.kind]
            notes.append(f"test: {count:,} {what} of {side}s are not in training: {listed}")


def _metrics(
    asked: str | None, target: Kind, sources: Sequence[str], targets: Sequence[str]
) -> tuple[str, ...]:
    words = [np.mean([len(text.split()) for text in side[:5000]]) for side in (sources, targets)]
    usual: tuple[str, ...] = SENTENCES if target == "bpe" else STRINGS
    if words[0] >= LONG and words[1] <= SUMMARY * words[0]:
        usual = SUMMARIES
    if asked is None:
        return usual
    accepted = [n for n, card in registry.cards("metrics").items() if "translate" in card["tasks"]]
    if asked not in accepted:
        raise unknown("metric of translate", asked, accepted)
    return (asked, *(name for name in usual if name != asked))


def _card(
    fitted: Fitted,
    data: Pairs,
    splits: Splits,
    rows: dict[str, Rows],
    lengths: list[Rows],
    notes: list[str],
) -> dict[str, Any]:
    metrics = {name: registry.load("metrics", name)() for name in fitted.settings.metrics}
    return {
        "parts": {part: len(rows[part]) for part in PARTS},
        "split": splits.how,
        "columns": data.columns,
        "notes": notes,
        "tokens": {"source": fitted.source.kind, "target": fitted.target.kind},
        "vocabulary": {"source": fitted.source.size, "target": fitted.target.size},
        "longest_in_tokens": {"source": int(lengths[0].max()), "target": int(lengths[1].max())},
        "limits": fitted.settings.limits.plain(),
        "decoding": fitted.settings.options.plain(),
        "signatures": {n: m.signature for n, m in metrics.items() if hasattr(m, "signature")},
        "duplicates_removed": 0 if splits.overlap is None else len(splits.overlap.removed),
    }
