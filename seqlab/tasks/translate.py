"""String to string: sentences into another language, spelling into sound, documents into summaries.

    "A dog runs."  →  "Ein Hund rennt."          "about"  →  "AH0 B AW1 T"

Batches hold token ids of sources (B, S) and of what was written before each target token (B, T); a
model of encoder and decoder gives logits for the tokens that follow. Predictions are ragged ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.batching import plan_batches
from seqlab.data.columns import language
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.table import Table
from seqlab.data.tokens import PAD, UNKNOWN
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.specs import ModelSpec
from seqlab.tasks.base import Confidence, DataSpec, Exhibit, Inputs, Loss, Predictions
from seqlab.tasks.exhibits import strings as shown
from seqlab.tasks.inputs.source_text import SourceText
from seqlab.tasks.inputs.string_pairs import pair_of_columns
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.rows import StudyRows, dividing_columns, quoted
from seqlab.tasks.targets.translation import Translation

if TYPE_CHECKING:
    from torch import nn

    from seqlab.batch import Batch
    from seqlab.model.base import Model
    from seqlab.model.decoding import Decoding
    from seqlab.model.encoder_decoder import EncoderDecoder

CARD = {
    "roles": ["src", "tgt", "group", "split"],
    "settings": [
        "split",
        "group",
        "folds",
        "keep_duplicates",
        "tokenizer",
        "vocabulary",
        "max_tokens",
        "metric",
    ],
    "causal": "decoder",
    "example": '"A dog runs." → "Ein Hund rennt."',
}

UNWRITTEN_IDS = (PAD, UNKNOWN)  # ids that are never written


@registered
class Translate(RowTask):
    """Token ids in, ragged token ids out."""

    input_types = (SourceText,)
    target_type = Translation
    reader: SourceText
    target: Translation

    train_defaults: Mapping[str, Any] = MappingProxyType({"batch_size": 64})

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Two columns of texts, the second free in form."""
        dividing, _ = dividing_columns(table, {})
        try:
            both = pair_of_columns(table, {}, tuple(dividing.values()))
        except UserError as error:
            named = [name for name in table.frame.columns if language(str(name))]
            # Of several languages it is not said which two, but what else could they be.
            return Confidence(0.8 if len(named) > 2 else 0.0, error.message)
        return Confidence(both.score, both.why)

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """Words of another language in reverse order."""
        rng = np.random.default_rng(seed)
        words = {"dog": "Hund", "cat": "Katze", "runs": "rennt", "sleeps": "ruht", "old": "alt"}
        sources = [rng.choice(list(words), rng.integers(2, 6)).tolist() for _ in range(rows)]
        pairs = [(f"{' '.join(s)} {n}", f"{n} {' '.join(words[w] for w in reversed(s))}")
                 for n, s in enumerate(sources)]  # fmt: skip
        return Table(pd.DataFrame(pairs, columns=["src", "tgt"]), "sample")

    @classmethod
    def learn(cls, train: Examples, study: StudyRows, spec: DataSpec) -> Self:
        """Both sides, and how much longer a target is than its source."""
        task = super().learn(train, study, spec)
        sources, targets = (train.frame[side].tolist() for side in ("source", "target"))
        lengths = (
            [len(ids) for ids in vocabulary.encode(texts)]
            for vocabulary, texts in (
                (task.reader.vocabulary, sources),
                (task.target.vocabulary, targets),
            )
        )
        return cls(task.reader, task.target.growing(*lengths), task.state)

    def select(
        self, parts: dict[str, Examples], seed: int
    ) -> tuple[dict[str, Examples], list[str]]:
        """Without what the decoder could not end: from a target that is cut it learns not to."""
        train, valid, limit = parts["train"], parts["valid"], self.target.limit
        lengths, notes = train.ragged("target").lengths, []
        fits = lengths <= limit
        if not fits.any():
            raise UserError(
                f"max_tokens = {limit}: every training target is longer",
                f"the shortest has {int(lengths.min())}: raise it with --set data.max_tokens=…",
            )
        if not fits.all():
            notes.append(
                f"{int((~fits).sum()):,} training pairs left out: targets of more than {limit}"
                f" tokens, the decoder's limit (data.max_tokens)"
                f" {quoted(train.frame['target'][~fits].tolist())}"
            )
        most = self.target.options.validation_pairs
        if len(valid) > most:
            notes.append(
                f"validation: {most:,} of {len(valid):,} pairs, drawn at random, since each"
                " evaluation translates them (options.validation_pairs)"
            )
            drawn = np.random.default_rng(seed).choice(len(valid), most, replace=False)
            valid = valid.take(np.sort(drawn))
        return {**parts, "train": train.take(np.flatnonzero(fits)), "valid": valid}, notes

    # -- fitted, for models --------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Token ids; positions serve the longer of both sides."""
        longest = max(self.reader.limit, self.target.limit + 1)
        return replace(self.reader.inputs, longest=longest)

    def head(self, width: int) -> nn.Module:
        """Nothing: a decoder's output is its table of tokens."""
        from torch import nn

        return nn.Identity()

    def model(self, spec: ModelSpec) -> Model:
        """An encoder and a decoder of the spec's blocks."""
        from seqlab.model.encoder_decoder import EncoderDecoder

        return EncoderDecoder(spec, self.reader.vocabulary.size, self.target.vocabulary.size)

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Pairs of similar length together; both sides count."""
        import torch

        from seqlab.batch import Batch, Context
        from seqlab.tasks.losses import IGNORED

        sources, targets = examples.ragged("source"), examples.ragged("target")
        end = self.target.vocabulary.end
        # Predictions may not depend on targets, not even by who shares a batch with whom.
        lengths = sources.lengths if rng is None else sources.lengths + targets.lengths + 1
        for rows in plan_batches(lengths, batch_size, batch_tokens, rng):
            ids, mask = sources.padded(rows)
            written, known = targets.padded(rows)
            previous = np.pad(written, ((0, 0), (1, 0)), constant_values=end)
            real = np.pad(known, ((0, 0), (1, 0)), constant_values=True)
            wanted = np.pad(np.where(known, written, IGNORED), ((0, 0), (0, 1)))
            wanted[:, -1] = IGNORED
            wanted[np.arange(len(rows)), targets.lengths[rows]] = end
            yield Batch(
                torch.from_numpy(ids).long(),
                torch.from_numpy(wanted).long(),
                Context(None if mask.all() else torch.from_numpy(mask)),
                rows,
                {
                    "previous": torch.from_numpy(previous).long(),
                    "real": torch.from_numpy(real),
                },
            )

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Cross-entropy of the target tokens and their end, given those before them."""
        from seqlab.tasks.losses import cross_entropy

        coder = _coder(model)
        assert batch.targets is not None
        hidden = coder.hidden(batch.inputs, batch.context, batch.extra["previous"])
        real = batch.extra["real"]  # the output is wide: padding is not worth it
        return Loss(
            cross_entropy(coder.logits(hidden[real]), batch.targets[real], batch.softening),
            float(real.sum()),
        )

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """What is written for each source, without its end."""
        options = self.target.options
        return self.written(model, batch, options.beam, options.length_penalty)

    def written(self, model: nn.Module, batch: Batch, beam: int, length_penalty: float) -> Ragged:
        """What is written for each source by a beam of some width, without its end."""
        from seqlab.model.decoding import decode

        how = self.decoding(batch.inputs.shape[1], beam, length_penalty)
        ids = decode(_coder(model), batch.inputs, batch.context, how)
        return _until(ids.cpu().numpy().astype(np.int32), how.end)

    def decoding(self, length: int, beam: int = 1, length_penalty: float = 1.0) -> Decoding:
        """How sources of so many tokens are written for."""
        from seqlab.model.decoding import Decoding

        end = self.target.vocabulary.end
        return Decoding(
            begin=end,
            end=end,
            limit=self.target.most_written(length),
            beam=min(beam, self.target.vocabulary.size - len(UNWRITTEN_IDS)),
            length_penalty=length_penalty,
            forbidden=UNWRITTEN_IDS,
        )

    # -- fitted, for people --------------------------------------------------------------------

    def texts(self, predictions: Predictions) -> list[str]:
        """Predictions as strings."""
        return self.target.texts(predictions)

    def model_exhibits(self, model: nn.Module, examples: Examples) -> list[Exhibit]:
        """The attention between what is written and its source."""
        import torch

        coder = _coder(model.eval())

        def read(row: int) -> tuple[list[str], list[str], NDArray[np.float64]] | None:
            one = np.array([row])
            with torch.inference_mode():
                (batch,) = self.batches(examples.take(one), 1, 1, None)
                ids = self.predict(coder, batch)[0]
                previous = torch.tensor([[self.target.vocabulary.end, *ids.tolist()]])
                weights = coder.attention(batch.inputs, batch.context, previous)
            if weights is None:
                return None
            source = self.reader.vocabulary.labels(batch.inputs[0].tolist())
            written = [*self.target.vocabulary.labels(ids.tolist()), "(end)"]
            shares = np.asarray(weights[0].double().numpy())
            return written, source or ["?"], shares

        return shown.attentions(read, examples, self.reader)


def _coder(model: nn.Module) -> EncoderDecoder:
    from seqlab.model.encoder_decoder import EncoderDecoder

    assert isinstance(model, EncoderDecoder), "made by the task itself"
    return model


def _until(ids: NDArray[np.int32], end: int) -> Ragged:
    """Rows (B, T) up to their first end."""
    rows: list[Array] = []
    for row in ids:
        stops = np.flatnonzero(row == end)
        rows.append(row[: stops[0]] if len(stops) else row)
    return Ragged.of(rows)
