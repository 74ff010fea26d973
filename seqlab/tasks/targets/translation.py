"""What a source string becomes: another language, its sound, its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from seqlab import registry
from seqlab.data.duplicates import text_keys
from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.inspection import shown
from seqlab.data.splits import Splits
from seqlab.data.table import Table
from seqlab.metrics.base import primary_first
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.inputs.source_text import strangers
from seqlab.tasks.inputs.string_pairs import pair_of_columns
from seqlab.tasks.inputs.vocabulary import PLURALS, Kind, VocabularySpec, kind_for
from seqlab.tasks.parts import ColumnChoice, ColumnRequest
from seqlab.tasks.targets.strings import Strings

MOST_TOKENS = 256  # of a target, if it is not said
SENTENCE_METRICS = ("bleu", "chrf", "token-error-rate", "sequence-match")
STRING_METRICS = ("token-error-rate", "sequence-match", "chrf")
SUMMARY_METRICS = ("rouge-l", "rouge-1", "rouge-2", "bleu")
SUMMARY_SHARE = 0.4  # of its source's words, up to which a target sums it up
LONG_WORDS = 50  # of a source that can be summed up
SPARE_TOKENS = 5  # that a target may have beyond what its source suggests
SUSPECT_RATIO = 3.0  # times the usual ratio of lengths, from which on a pair is suspect
SUSPECT_CHARACTERS = 20  # by which short strings vary by nature
COPIED_SHARE = 0.05  # share of copied targets that is worth a warning


class TranslationOptions(Spec):
    """How strings are cut and written.

    target_tokens: None: told from the training part. target_vocabulary: the most pieces; None: by
    the size of the training part. beam: 1 takes the most probable token each time. length_penalty:
    α of beam search. validation_pairs: the most that an evaluation during training translates.
    """

    target_tokens: Literal["character", "word", "bpe"] | None = None
    target_vocabulary: int | None = Field(None, ge=4)
    beam: int = Field(1, ge=1)
    length_penalty: float = 1.0
    validation_pairs: int = Field(1000, ge=1)


class Translation(Strings):
    """limit: the most tokens of a target, its end not counted.

    growth: how many target tokens a source token gives at most; a target is no longer than that
    and a few more.
    """

    roles = ("tgt",)
    called = "target"
    options_type = TranslationOptions

    limit: int
    growth: float = 1.0
    options: TranslationOptions
    decided: str = ""

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        both = pair_of_columns(table, request.named, request.taken)
        return ColumnChoice({"tgt": both.columns["tgt"]}, both.score, both.why, both.notes)

    @classmethod
    def findings(cls, rows: Examples, choice: ColumnChoice) -> list[Finding]:
        """Lengths against those of sources, copies, sources with several targets."""
        sources, targets = (rows.frame[side].tolist() for side in ("source", "target"))
        kind, why = kind_for(targets)
        return [
            _ratio(sources, targets),
            *_copies(sources, targets),
            *_several(sources, targets),
            Finding("info", f"tokens of targets: {PLURALS[kind]}", why),
        ]

    @classmethod
    def findings_in_parts(
        cls, rows: Examples, splits: Splits, shown: Sequence[str] | None, seed: int
    ) -> list[Finding]:
        """Targets of the test part that training has too, by another source."""
        targets = rows.frame["target"]
        known = set(targets.iloc[splits.train])
        shared = int(targets.iloc[splits.test].isin(known).sum())
        if not shared:
            return []
        return [
            Finding(
                "warning" if shared > 0.2 * len(splits.test) else "info",
                f"test targets that also occur in training: {shared:,} of {len(splits.test):,}",
                "from other sources, or from sources that differ only slightly",
                "the baseline nearest-pair shows what memorising alone is worth",
            )
        ]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """Vocabulary, limit and metrics from the training pairs; `growth` is the task's to say."""
        sources, targets = (train.frame[side].tolist() for side in ("source", "target"))
        wanted = VocabularySpec(
            kind=options.target_tokens or spec.tokenizer,
            size=options.target_vocabulary,
            most=spec.vocabulary,
        )
        vocabulary, note = wanted.learn("target", targets)
        longest = max(len(ids) for ids in vocabulary.encode(targets))
        return cls(
            columns=choice.columns,
            metrics=_metrics(spec.metric, vocabulary.kind, sources, targets),
            limit=spec.max_tokens or min(longest, MOST_TOKENS),
            options=options,
            decided=note,
        ).with_vocabulary(vocabulary)

    # -- learned -------------------------------------------------------------------------------

    def most_written(self, source_tokens: int) -> int:
        """The most tokens to write for a source, the end included."""
        return 1 + min(self.limit, int(self.growth * source_tokens) + SPARE_TOKENS)

    def growing(self, source: Sequence[int], target: Sequence[int]) -> Self:
        """With the growth of training pairs of so many tokens."""
        beyond = np.maximum(np.asarray(target) - SPARE_TOKENS, 0)
        growth = float(np.quantile(beyond / np.maximum(np.asarray(source), 1), 0.999))
        return self.model_copy(update={"growth": round(max(growth, 1.0), 2)})

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """Characters, or what stands between blanks."""
        spelled = self.vocabulary.kind == "character"
        return [list(text) if spelled else text.split() for text in texts]

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        """How targets are cut, which are too long, and what of the test part is not known."""
        notes = [self.decided] if self.decided else []
        for part in ("valid", "test"):
            beyond = int((parts[part].ragged("target").lengths > self.limit).sum())
            if beyond:
                are = "target is" if beyond == 1 else "targets are"
                notes.append(
                    f"{part}: {beyond:,} {are} longer than the decoder's limit of {self.limit}"
                    " tokens"
                )
        return notes + strangers(self.vocabulary, "targets", parts["test"].frame["target"].tolist())

    def card(self, train: Examples) -> dict[str, Any]:
        metrics = {name: registry.load("metrics", name)() for name in self.metrics}
        return {
            "limits": {"target": self.limit, "growth": self.growth},
            "decoding": self.options.plain(),
            "signatures": {name: m.signature for name, m in metrics.items() if m.signature},
        }


def _metrics(
    asked: str | None, target: Kind, sources: Sequence[str], targets: Sequence[str]
) -> tuple[str, ...]:
    words = [np.mean([len(text.split()) for text in side[:5000]]) for side in (sources, targets)]
    usual: tuple[str, ...] = SENTENCE_METRICS if target == "bpe" else STRING_METRICS
    if words[0] >= LONG_WORDS and words[1] <= SUMMARY_SHARE * words[0]:
        usual = SUMMARY_METRICS
    if asked is None:
        return usual
    cards = registry.cards("metrics")
    accepted = [name for name, card in cards.items() if "translate" in card["tasks"]]
    primary_first(asked, accepted)
    return (asked, *(name for name in usual if name != asked))


def _ratio(sources: Sequence[str], targets: Sequence[str]) -> Finding:
    lengths = [np.array([len(text) for text in side]) for side in (sources, targets)]
    ratio = np.log(lengths[1] / lengths[0])
    usual = float(np.median(ratio))
    # Short strings vary by nature: a few characters more are no sign of a wrong pair.
    apart = np.abs(lengths[1] - lengths[0] * np.exp(usual))
    far = (np.abs(ratio - usual) > np.log(SUSPECT_RATIO)) & (apart > SUSPECT_CHARACTERS)
    share = f"targets are {np.exp(usual):.2g} times as long as their sources"
    if not far.any():
        return Finding("info", share, "in characters, the median of all pairs")
    worst = int(np.argmax(np.where(far, apart, 0)))
    often = bool(far.mean() > 0.01)
    return Finding(
        "warning" if often else "info",
        f"{share}; pairs far from that: {int(far.sum()):,}",
        f'"{shown(sources[worst])}" → "{shown(targets[worst])}"',
        "check them: a wrong pair teaches wrong words" if often else "",
    )


def _copies(sources: Sequence[str], targets: Sequence[str]) -> list[Finding]:
    same = [s == t for s, t in zip(sources, targets, strict=True)]
    count = sum(same)
    if not count:
        return []
    often = count > COPIED_SHARE * len(same)
    return [
        Finding(
            "warning" if often else "info",
            f"targets that copy their source: {count:,}",
            f'the first is "{shown(sources[same.index(True)])}"',
            "check that they are translations; the baseline copy-source gets them right"
            if often
            else "",
        )
    ]


def _several(sources: Sequence[str], targets: Sequence[str]) -> list[Finding]:
    """Sources with more than one target: nothing can be right about all of them."""
    keys = text_keys(sources)
    by_key: dict[int, set[str]] = {}
    for key, target in zip(keys, targets, strict=True):
        by_key.setdefault(int(key), set()).add(target)
    several = [key for key, distinct in by_key.items() if len(distinct) > 1]
    if not several:
        return []
    row = int(np.argmax(keys == several[0]))
    first = " | ".join(shown(text) for text in sorted(by_key[several[0]])[:3])
    return [
        Finding(
            "info",
            f"sources with more than one target: {len(several):,}",
            f'"{shown(sources[row])}" → {first}',
        )
    ]
