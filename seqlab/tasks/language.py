"""Language modelling: what comes next in a text, token by token; and writing on.

    "To be, or not to b" → "e" with probability 0.98, "y" 0.01, …

A model reads a block (B, T) and gives logits (B, T, V) for the token after each of its tokens.
Scores count the bits that the text itself costs, so that they compare whatever the tokeniser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seqlab.data.batching import plan_batches
from seqlab.data.dependence import Dependence, InGroups
from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.metrics.base import Array, Metric
from seqlab.registry import registered
from seqlab.runs import read_json, write_json
from seqlab.tasks.base import (
    Confidence,
    DataSpec,
    Exhibit,
    Inputs,
    Loss,
    Predictions,
    Prepared,
    Sources,
    Task,
    as_ragged,
)
from seqlab.tasks.language_modelling import blocks
from seqlab.tasks.language_modelling import scoring as shown
from seqlab.tasks.language_modelling.blocks import read_on
from seqlab.tasks.language_modelling.documents import read, recognise
from seqlab.tasks.language_modelling.preparation import inspect, prepare, stretches
from seqlab.tasks.language_modelling.scoring import nats_of, table_of, tables_of, units
from seqlab.tasks.language_modelling.settings import TextSettings
from seqlab.tasks.language_modelling.vocabulary import BOUNDARY, PieceVocabulary

if TYPE_CHECKING:
    from torch import nn

    from seqlab.batch import Batch
    from seqlab.model.base import Model
    from seqlab.model.generation import TokenReader
    from seqlab.model.sequence_model import SequenceModel
    from seqlab.specs import ModelSpec

CARD = {
    "roles": ["text"],
    "settings": ["split", "group", "tokenizer", "vocabulary", "metric"],
    "example": '"To be, or not to b" → "e"',
    "causal": True,
    "floor": False,  # a model of n-grams has learned a good deal
}

BATCH_BLOCKS, TRAIN_STEPS, EPOCH_BOUNDS = 32, 1500, (1, 30)
MOST_LOGITS = 2**24  # numbers of one batch's output that memory must hold in evaluation


@registered
class Language(Task):
    """−log p of every token of every block, as Ragged, in nats."""

    model_defaults: Mapping[str, Any] = MappingProxyType({"depth": 2})
    running_text = True

    def __init__(
        self,
        settings: TextSettings,
        vocabulary: PieceVocabulary,
        count: int,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        """`count` is the number of training blocks, `columns` what held the texts, if any did."""
        self.settings, self.vocabulary = settings, vocabulary
        self.metrics = settings.metrics
        self.shortens = None if settings.stateful else "targets too"
        self.blocks_learned, self._columns = count, dict(columns or {"text": "text"})
        epochs = int(np.clip(-(-TRAIN_STEPS * BATCH_BLOCKS // count), *EPOCH_BOUNDS))
        self.train_defaults = {"batch_size": BATCH_BLOCKS, "epochs": epochs}

    @property
    def columns(self) -> Mapping[str, str]:
        """The column of texts."""
        return self._columns

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Text without labels."""
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """Size, characters, documents, copies between parts, repeated lines."""
        return inspect(sources, spec)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Cut in order, then learn the vocabulary from the training part alone."""
        settings, vocabulary, (train, valid, test), card, findings = prepare(sources, spec)
        task = cls(settings, vocabulary, len(train), card["columns"])
        return [Prepared(task, train, valid, test, card, findings)]

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """Lines of a small grammar."""
        rng = np.random.default_rng(seed)
        parts = (["the", "a"], ["cat", "dog", "child"], ["sees", "hears"], ["rain.", "music."])
        lines = [" ".join(rng.choice(part) for part in parts) for _ in range(6 * rows)]
        return Table(pd.DataFrame({"text": lines}), "sample.txt")

    # -- fitted, for models --------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """Tokens of a block; every position has an output and sees no later one."""
        size, block = len(self.vocabulary), self.settings.block
        return Inputs("tokens", size, longest=block, causal=True, per_position=True)

    def head(self, width: int) -> nn.Module:
        """A logit for every token of the vocabulary."""
        from torch import nn

        return nn.Linear(width, len(self.vocabulary))

    def model(self, spec: ModelSpec) -> Model:
        """With the embedding as output matrix, where that was decided."""
        if not self.settings.tied:
            return super().model(spec)
        from seqlab.model.sequence_model import SequenceModel
        from seqlab.tasks.language_modelling.network import tie

        tokens = len(self.vocabulary)
        model = SequenceModel(spec, tokens=tokens, causal=True, per_position=True)
        model.head = tie(model, tokens)
        return model

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """To learn from: blocks from anywhere, or lanes that go on. To score: every block once."""
        settings = self.settings
        if rng is not None and settings.stateful:
            for window, goes_on in blocks.lanes(examples, settings.block, batch_size, batch_tokens):
                yield _batch(window, goes_on)
            return
        if rng is not None:
            windows = blocks.crops(examples, settings.block, batch_size, batch_tokens, rng)
        else:
            tokens = max(settings.block, min(batch_tokens, MOST_LOGITS // len(self.vocabulary)))
            if settings.carried:
                windows = blocks.carried(examples, max(1, tokens // settings.block))
            else:
                windows = blocks.scored(examples, settings.context, batch_size, tokens)
        for window in windows:
            yield _batch(window)

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        """Counted without a gather."""
        block = self.settings.block
        if self.settings.stateful:
            return blocks.lane_count(examples, block, batch_size, batch_tokens)
        size = np.minimum(block, blocks.column(examples, "last") - blocks.column(examples, "first"))
        return len(plan_batches(size, batch_size, batch_tokens))

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Mean −log p of the next token; in stateful training with the state that goes on."""
        from seqlab.tasks.language_modelling.network import read_on
        from seqlab.tasks.losses import cross_entropy

        assert batch.targets is not None
        outputs, after = read_on(_sequence_model(model), batch, state, self.settings)
        weight = float((batch.targets >= 0).sum())
        return Loss(cross_entropy(outputs, batch.targets, batch.softening), weight, after)

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """−log p of each scored token of each block, in nats."""
        from seqlab.tasks.language_modelling.network import costs

        found = costs(_sequence_model(model), batch, self.settings).cpu().double().numpy()
        sizes = batch.extra["lengths"].cpu().numpy()
        return Ragged(found, np.concatenate(([0], sizes.cumsum())))

    # -- fitted, for people --------------------------------------------------------------------

    def encode(self, table: Table) -> Examples:
        """New texts, block by block."""
        column = self._columns["text"]
        named = {"text": column} if column in table.frame.columns else {}
        documents, _, _ = read(table, named, [])
        return blocks.examples_of([documents], self.vocabulary, self.settings)[0]

    def labelled(self, table: Table) -> Examples:
        """New texts; what counts as one observation are documents or stretches, as in a study."""
        examples = self.encode(table)
        return replace(examples, blocks=stretches(examples))

    def encode_pieces(self, tables: Iterator[Table], labelled: bool = False) -> Iterator[Examples]:
        """Blocks that go on from piece to piece, as if the text were read as a whole."""
        column = self._columns["text"]
        for examples in read_on(tables, self.vocabulary, self.settings, column):
            yield replace(examples, blocks=stretches(examples)) if labelled else examples

    def dependence(self, tests: Sequence[Examples]) -> Dependence | None:
        """Blocks of one stretch of text move together."""
        dependence = super().dependence(tests)
        if isinstance(dependence, InGroups):
            return replace(dependence, noun="stretch of text")
        return dependence

    def statistics(self, metric: Metric, predictions: Predictions, examples: Examples) -> Array:
        """Bits or nats of each block, and its characters, bytes or tokens."""
        spelled = metric.space != "tokens"
        return metric.collect(
            nats_of(as_ragged(predictions), examples, spelled), units(metric.space, examples)
        )

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Bits by position and by kind of token; the hardest passages."""
        return shown.exhibits(as_ragged(predictions), examples, self.vocabulary, self.settings)

    def model_exhibits(self, model: nn.Module, examples: Examples) -> list[Exhibit]:
        """What the model writes."""
        from seqlab.model.generation import ModelReader

        reading = _sequence_model(model)
        return [self.written(examples, lambda: ModelReader(reading, self.settings.block))]

    def written(self, examples: Examples, reader: Callable[[], TokenReader]) -> Exhibit:
        """What new readers write after the beginnings of some test blocks."""
        from seqlab.model.generation import Sampling, generate

        def write(prompt: str, seed: int) -> str:
            ids = self.vocabulary.encode(prompt).ids.tolist()
            sampling = Sampling(temperature=shown.TEMPERATURE, seed=seed)
            tokens = generate(reader(), ids, shown.WRITTEN_TOKENS, sampling, self.settings.never)
            return self.vocabulary.decode(takewhile(lambda token: token != BOUNDARY, tokens))

        return shown.samples(examples, self.vocabulary, write)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """Bits of every document, or of every block of a single one; the last row is the total."""
        return table_of(as_ragged(predictions), examples)

    def present_pieces(
        self, pieces: Iterator[tuple[Predictions, Examples]]
    ) -> Iterator[pd.DataFrame]:
        """The same table, as the text is read."""
        return tables_of((as_ragged(predictions), examples) for predictions, examples in pieces)

    def save(self, folder: Path) -> None:
        """`task.json` and `vocabulary.json`."""
        self.vocabulary.save(folder / "vocabulary.json")
        stored = {
            "reading": self.settings.plain(),
            "blocks": self.blocks_learned,
            "columns": self._columns,
        }
        write_json(folder / "task.json", stored)

    @classmethod
    def load(cls, folder: Path) -> Language:
        """Read what `save` wrote."""
        stored = read_json(folder / "task.json")
        settings = TextSettings.read(stored["reading"], str(folder / "task.json"))
        vocabulary = PieceVocabulary.load(folder / "vocabulary.json")
        return cls(settings, vocabulary, stored["blocks"], stored["columns"])

    def subset(self, examples: Examples, size: int, seed: int) -> Examples:
        """The first blocks of the text: less data is less text."""
        taken = examples.take(np.arange(size))
        end = int(blocks.column(taken, "stop")[-1])
        last = np.minimum(blocks.column(taken, "last"), end)
        return Examples({**taken.arrays, "last": last}, taken.frame, taken.shared, taken.blocks)


def _batch(window: blocks.TokenWindow, goes_on: bool = False) -> Batch:
    import torch

    from seqlab.batch import Batch, Context

    mask = None if window.real.all() else torch.from_numpy(window.real)
    return Batch(
        torch.from_numpy(window.inputs),
        torch.from_numpy(window.targets),
        Context(mask),
        window.rows,
        {"lengths": torch.from_numpy(window.lengths)},
        goes_on,
    )


def _sequence_model(model: nn.Module) -> SequenceModel:
    from seqlab.model.sequence_model import SequenceModel

    assert isinstance(model, SequenceModel), "made by the task itself"
    return model
