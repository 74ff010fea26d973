"""Tagged sequences to examples: vocabulary, spelling, tags and scale from training alone."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.splits import Splits
from seqlab.data.tokens import Tokenizer, TokenSpec, train_tokenizer
from seqlab.errors import UserError, unknown
from seqlab.metrics.spans import OUTSIDE, Scheme, recognise, spans, written
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.tagging import spelling
from seqlab.tasks.tagging.options import Options
from seqlab.tasks.tagging.tagged import Tagged

LONGEST = 512  # positions that are read at once; longer sequences are read in pieces
SPECIAL = 2  # word numbers of padding and of unknown words
PIECES = 60_000  # prefixes, suffixes and shapes at most
BPE_VOCABULARY, BPE_PIECES = 4000, 8  # pieces at most: in all, of one word
PARTS = ("train", "valid", "test")


class Fitted(Spec):
    """What was learned from the training part, but for the tokeniser of BPE pieces."""

    form: str
    classes: tuple[str, ...]
    scheme: Scheme
    metrics: tuple[str, ...]
    columns: dict[str, str]
    max_tokens: int
    options: Options
    words: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()

    @cached_property
    def numbers(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """Numbers of words (from 2), of pieces (from 1) and of tags (from 0)."""
        words = {word: i for i, word in enumerate(self.words, SPECIAL)}
        pieces = {piece: i for i, piece in enumerate(self.pieces, 1)}
        return words, pieces, {name: i for i, name in enumerate(self.classes)}

    def encode(self, data: Tagged, tokenizer: Tokenizer | None) -> Examples:
        """Word numbers with spelling, or scaled values; tag numbers, −1 where unknown.

        A sequence longer than `max_tokens` becomes several examples, which are one block.
        """
        cuts = [
            (i, start, min(start + self.max_tokens, len(steps)))
            for i, steps in enumerate(data.steps)
            for start in range(0, len(steps), self.max_tokens)
        ]
        inputs, targets, rows = [], [], []
        for i, start, end in cuts:
            steps, tags = data.steps[i][start:end], data.tags[i]
            own = None if tags is None else self.rewritten(tags)[start:end]
            inputs.append(self._read(steps, tokenizer))
            targets.append(self._numbered(own, end - start))
            shown = [] if self.form == "values" else list(steps)
            rows.append((i, start, shown, own))
        frame = pd.DataFrame(rows, columns=["sequence", "start", "tokens", "tags"])
        several = len(cuts) > len(data)
        blocks = frame["sequence"].to_numpy(dtype=np.int64) if several else None
        arrays: dict[str, Array | Ragged] = {"tags": Ragged.of(targets)} if rows else {}
        arrays |= {"inputs": Ragged.of(inputs)} if rows else {}
        return Examples(arrays, frame, blocks=blocks)

    def rewritten(self, tags: list[str]) -> list[str]:
        """Tags in the scheme that was asked for."""
        if self.options.scheme is None:
            return tags
        return written(spans(tags), len(tags), self.options.scheme)

    def _numbered(self, tags: list[str] | None, length: int) -> Array:
        number = self.numbers[2]
        known = [-1] * length if tags is None else [number.get(tag, -1) for tag in tags]
        return np.asarray(known, dtype=np.int64)

    def _read(self, steps: Any, tokenizer: Tokenizer | None) -> Array:
        if self.form == "values":
            scaled = (steps - np.asarray(self.means)) / np.asarray(self.scales)
            return np.nan_to_num(scaled, posinf=0.0, neginf=0.0).astype(np.float32)
        words, pieces, _ = self.numbers
        numbers = [words.get(spelling.normalised(word), 1) for word in steps]
        columns: list[Array] = [np.asarray(numbers, dtype=np.int32)[:, None]]
        if tokenizer is not None:
            columns.append(bpe_pieces(steps, tokenizer))
        elif self.pieces:
            columns.append(spelling.numbered(steps, pieces))
        return np.concatenate(columns, axis=1)


def bpe_pieces(words: list[str], tokenizer: Tokenizer) -> Array:
    """The numbers of each word's first BPE pieces, then zeros: (words, BPE_PIECES)."""
    found = np.zeros((len(words), BPE_PIECES), dtype=np.int32)
    for row, ids in enumerate(tokenizer.encode_batch(words)):
        found[row, : len(ids)] = ids[:BPE_PIECES]
    return found


def fit_and_encode(
    data: Tagged, splits: Splits, spec: DataSpec
) -> tuple[Fitted, Tokenizer | None, list[Examples], dict[str, Any]]:
    """The fitted state, the parts, and the data card."""
    options = Options.read(spec.options, "options")
    rows = {part: getattr(splits, part) for part in PARTS}
    parts = {part: _take(data, rows[part]) for part in PARTS}
    fitted, tokenizer = _fit(data, parts["train"], spec, options)
    encoded = [fitted.encode(parts[part], tokenizer) for part in PARTS]
    lengths = [len(steps) for steps in parts["train"].steps]
    notes = [*data.notes, *splits.notes, *_unseen(fitted, parts), *_cut(fitted, parts)]
    counts = Counter(tag for tags in parts["train"].tags for tag in fitted.rewritten(tags or []))
    card = {
        "parts": {part: len(rows[part]) for part in PARTS},
        "tokens": {part: sum(map(len, parts[part].steps)) for part in PARTS},
        "tags": {name: counts[name] for name in fitted.classes},
        "scheme": fitted.scheme,
        "split": splits.how,
        "columns": data.layout.roles,
        "notes": notes,
        "options": options.plain(),
        "vocabulary": len(fitted.words) + SPECIAL if fitted.words else 0,
        "longest_training_sequence": max(lengths),
        "positions_read_at_once": fitted.max_tokens,
        "duplicates_removed": 0 if splits.overlap is None else len(splits.overlap.removed),
    }
    return fitted, tokenizer, encoded, card


def _fit(
    data: Tagged, train: Tagged, spec: DataSpec, options: Options
) -> tuple[Fitted, Tokenizer | None]:
    tags = [tags for tags in train.tags if tags is not None]
    scheme = recognise(tags)
    if options.scheme is not None:
        if scheme == "none":
            raise UserError(
                f'options.scheme = "{options.scheme}": the tags mark no spans'
                f" ({', '.join(sorted({tag for some in tags for tag in some})[:5])})",
                "leave it out",
            )
        scheme = options.scheme
        tags = [written(spans(some), len(some), scheme) for some in tags]
    classes = sorted({tag for some in tags for tag in some}, key=lambda t: (t != OUTSIDE, t))
    if len(classes) < 2:
        raise UserError(
            f'the training part has one tag only ("{"".join(classes)}")',
            "bring more sequences, or other shares with --split",
        )
    longest = max(len(steps) for steps in train.steps)
    common: dict[str, Any] = {
        "form": "values" if data.layout.form == "values" else "tokens",
        "classes": tuple(classes),
        "scheme": scheme,
        "metrics": _metrics(spec.metric, scheme),
        "columns": {k: v for k, v in data.layout.roles.items() if k != "split"},
        "max_tokens": spec.max_tokens or min(LONGEST, 2 * longest),  # room for longer ones
        "options": options,
    }
    if data.layout.form == "values":
        return Fitted(**common, **_scale(train, data.layout.channels)), None
    words = [word for tokens in train.steps for word in tokens]
    plain = [spelling.normalised(word) for word in words]
    common["words"] = spelling.frequent(plain, options.min_count, spec.vocabulary - SPECIAL)
    if options.spelling == "affixes":
        pieces = (piece for word in words for piece in spelling.affixes(word))
        common["pieces"] = spelling.frequent(pieces, 2, PIECES)
    tokenizer = None
    if options.spelling == "bpe":
        bpe = TokenSpec(kind="bpe", vocabulary=BPE_VOCABULARY, lowercase=False)
        tokenizer = train_tokenizer([" ".join(tokens) for tokens in train.steps], bpe)
    return Fitted(**common), tokenizer


def _scale(train: Tagged, channels: tuple[str, ...]) -> dict[str, Any]:
    values = np.concatenate(train.steps)
    values = np.where(np.isfinite(values), values, np.nan)
    empty = np.isnan(values).all(axis=0)
    if empty.any():
        raise UserError(
            f'channel "{channels[int(empty.argmax())]}" has no values in the training part',
            "leave its column out with --columns",
        )
    scales = np.nanstd(values, axis=0)
    return {
        "channels": channels,
        "means": tuple(np.nanmean(values, axis=0).tolist()),
        "scales": tuple(np.where(scales > 0, scales, 1.0).tolist()),
    }


def _metrics(asked: str | None, scheme: Scheme) -> tuple[str, ...]:
    known = ("token-accuracy",) if scheme == "none" else ("span-f1", "token-accuracy")
    primary = asked or known[0]
    if primary not in known:
        raise unknown("metric of these tags", primary, known)
    return (primary, *(name for name in known if name != primary))


def _take(data: Tagged, rows: Array) -> Tagged:
    def of(values: list[Any]) -> list[Any]:
        return [values[row] for row in rows]

    return Tagged(data.layout, of(data.steps), of(data.tags), of(data.names))


def _unseen(fitted: Fitted, parts: dict[str, Tagged]) -> list[str]:
    known = set(fitted.classes)
    notes = []
    for part in ("valid", "test"):
        tags = [tag for some in parts[part].tags for tag in fitted.rewritten(some or [])]
        strange = Counter(tag for tag in tags if tag not in known)
        if strange:
            listed = ", ".join(f'"{tag}"' for tag, _ in strange.most_common(5))
            notes.append(
                f"tags in {part} that training does not have, which count as errors of all:"
                f" {sum(strange.values()):,} tokens ({listed})"
            )
    return notes


def _cut(fitted: Fitted, parts: dict[str, Tagged]) -> list[str]:
    long = sum(len(steps) > fitted.max_tokens for part in parts.values() for steps in part.steps)
    if not long:
        return []
    return [
        f"sequences longer than {fitted.max_tokens} positions, read in pieces of that length:"
        f" {long:,} (to change: --set data.max_tokens=…)"
    ]
