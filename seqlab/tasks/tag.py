"""Tagging: a tag for every token of a sentence, or for every step of a signal.

    ["book", "a", "table", "in", "Bonn"] → ["O", "O", "O", "O", "B-city"]

Batches hold (B, T, 1 + K) numbers of words and of their pieces, or (B, T, channels) values; the
head gives scores (B, T, C). Decoding never leaves the scheme of span tags (IOB1, IOB2, BIOES), with
or without a linear-chain CRF. A prediction is, per position, a tag's number and its probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seqlab.data.columns import ColumnKind, kind
from seqlab.data.examples import Examples, Ragged
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.tasks.base import Confidence, DataSpec, Loss, Predictions
from seqlab.tasks.inputs.cells import count_tags, count_values
from seqlab.tasks.inputs.sequence_layouts import SAMPLED_ROWS
from seqlab.tasks.inputs.sequences import SequenceInput, unread_in
from seqlab.tasks.inputs.steps import Steps
from seqlab.tasks.inputs.tokens import Tokens
from seqlab.tasks.parts import PROBLEM
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.rows import dividing_columns
from seqlab.tasks.targets.tags import Tags

if TYPE_CHECKING:
    from torch import Tensor, nn

    from seqlab.batch import Batch
    from seqlab.tasks.targets.tag_head import TagHead

CARD = {
    "roles": ["tokens", "tags", "sequence", "time", "group", "split"],
    "settings": [
        "split",
        "group",
        "folds",
        "keep_duplicates",
        "vocabulary",
        "max_tokens",
        "metric",
    ],
    "example": '["to", "Bonn"] → ["O", "B-city"]',
}
MOST_ROWS = 20 * SAMPLED_ROWS  # that are looked at to recognise the task


@registered
class Tag(RowTask):
    """Tokens or values in; per position a tag's number and its probability, (T, 2), out."""

    input_types = (Tokens, Steps)
    target_type = Tags
    reader: SequenceInput
    target: Tags
    train_defaults: Mapping[str, Any] = MappingProxyType({"batch_size": 32})

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the tags, in the order of their numbers."""
        return self.target.classes

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """As many tags as tokens in lists; or a token, or a step, a row with tags that change."""
        head = table
        if len(table.frame) > MOST_ROWS:
            head = Table(table.frame.head(MOST_ROWS), table.origin)
        cells = head.frame.head(1).to_numpy(object).ravel()
        if any(getattr(cell, "ndim", 0) > 1 for cell in cells):
            return Confidence(0.0, "series or images in cells, not tokens")
        try:
            dividing, _ = dividing_columns(head, {})
            _, found = cls._find_input(head, {}, dividing, DataSpec())
            target = cls._find_target(head, {}, found, dividing, DataSpec())
        except UserError as error:
            return Confidence(0.0, error.message)
        columns, tags = found.columns, head.frame[target.columns["tags"]]
        if found.layout.form == "lists":
            return _of_lists(head.frame[columns["tokens"]], tags)
        tokens = head.frame[columns["tokens"]] if "tokens" in columns else None
        return _of_rows(head.frame[columns["sequence"]], tags, tokens)

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """Orders of journeys: whether a town is where or whither tells the word before it."""
        rng = np.random.default_rng(seed)
        towns = ["Bonn", "Ulm", "Graz", "Linz"]
        ways = [("from", "B-start"), ("to", "B-goal")]
        tokens, tags = [], []
        for number in range(rows):
            order = [ways[i] for i in rng.permutation(2)]
            words = [(str(number), "O")] * int(rng.integers(0, 3)) + [("please", "O")]
            for word, tag in order:
                words += [(word, "O"), (str(rng.choice(towns)), tag)]
            tokens.append([word for word, _ in words])
            tags.append([tag for _, tag in words])
        return Table(pd.DataFrame({"tokens": tokens, "tags": tags}), "sample")

    # -- fitted, for models --------------------------------------------------------------------

    def head(self, width: int) -> nn.Module:
        """Scores of the tags, and the linear chain over them."""
        from seqlab.tasks.targets.tag_head import TagHead

        return TagHead(width, self.classes, self.target.scheme, self.target.options.crf)

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        """Cross-entropy at every position, or −log p of whole tag sequences with a chain."""
        from seqlab.tasks.losses import IGNORED, cross_entropy

        scores: Tensor = model(batch.inputs, batch.context)
        assert batch.targets is not None
        head = _head_of(model)
        if head.chain is None:
            value = cross_entropy(scores, batch.targets, batch.softening)
        else:
            value = head.chain.loss(scores, batch.targets, _mask_of(batch))
        return Loss(value, float((batch.targets != IGNORED).sum()))

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """Tag numbers and probabilities: Ragged, (T, 2) an example."""
        import torch

        scores: Tensor = model(batch.inputs, batch.context)
        mask = _mask_of(batch)
        tags, probabilities = _head_of(model).decode(scores, mask)
        both = torch.stack((tags.double(), probabilities.double()), dim=-1)[mask].cpu().numpy()
        lengths = mask.sum(dim=1).cpu().numpy()
        return Ragged(both, np.concatenate(([0], lengths.cumsum())))

    # -- fitted, for people --------------------------------------------------------------------

    def encoded(self, rows: Examples) -> Examples:
        """As all tasks encode; a long sequence becomes several examples, which are one block."""
        return super().encoded(self.reader.pieces(self.target.in_scheme(rows)))

    def names(self, predictions: Predictions) -> list[list[str]]:
        """Predicted tags by name, a list an example."""
        return self.target.names(predictions)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """A row per token or step, in the order of the table's rows: the tag and its probability.

        A sequence that cannot be read has its rows too, with what is wrong in `problem`.
        """
        frame, unread = examples.frame, unread_in(examples.frame)
        lengths = examples.ragged("inputs").lengths
        shown = pd.DataFrame(
            {
                **self.reader.presented(examples),
                **self.target.present(predictions, examples),
            }
        )
        read = frame["rows"][~unread]
        where = np.concatenate([np.zeros(0, dtype=np.int64), *read])
        if PROBLEM in frame:
            shown = shown[~np.repeat(unread, lengths)].assign(**{PROBLEM: ""})
            problems = _problems(frame[unread])
            where = np.concatenate([where, problems.pop("row")])
            shown = pd.concat([shown, problems]).astype({"position": "Int64"})
        return shown.iloc[np.argsort(where, kind="stable")].reset_index(drop=True)


def _problems(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of sequences that cannot be read; `row` is the table's."""
    rows = [np.unique(own) for own in frame["rows"]]
    counts = [len(own) for own in rows]
    return pd.DataFrame(
        {
            "row": np.concatenate([np.zeros(0, dtype=np.int64), *rows]),
            "sequence": np.repeat(frame["sequence"].to_numpy() + 1, counts),
            PROBLEM: np.repeat(frame[PROBLEM].to_numpy(object), counts),
        }
    )


def _of_lists(tokens: pd.Series, tags: pd.Series) -> Confidence:
    """As many tags as tokens, in lists or divided by spaces."""
    counts = [count_values(cell) for cell in tokens[:SAMPLED_ROWS]]
    own = [count_tags(b, n) for b, n in zip(tags[:SAMPLED_ROWS], counts, strict=True)]
    pairs = list(zip(counts, own, strict=True))
    many = sum(count for _, count in pairs) >= 1.5 * len(pairs)
    named = f'"{tokens.name}" and their tags in "{tags.name}"'
    if kind(tokens) is ColumnKind.LIST and kind(tags) is ColumnKind.LIST:
        return Confidence(0.95, f"lists of tokens in {named}: tag")
    if not many or sum(a == b for a, b in pairs) < 0.95 * len(pairs):
        return Confidence(0.0, "no tags, one for each token")
    return Confidence(0.93, f"words in {named}, one for each: tag")


def _of_rows(sequence: pd.Series, tags: pd.Series, tokens: pd.Series | None) -> Confidence:
    """Tags that change within sequences of single words, or of steps."""
    changes = tags.groupby(sequence.ffill()).nunique().gt(1).mean()
    named = f'"{tags.name}" within sequences of "{sequence.name}"'
    if changes < 0.3 or tags.nunique() > max(2, len(tags) / 2):
        return Confidence(0.0, f"no tags that change: {named}")
    if tokens is None:
        return Confidence(0.75, f"time steps with tags that change: {named}: tag")
    words = tokens.dropna().astype(str).head(SAMPLED_ROWS)
    if words.str.count(r"\S+").mean() > 1.2:
        return Confidence(0.0, f'texts, not tokens, in "{tokens.name}"')
    return Confidence(0.92, f"a token a row, its tags in {named}: tag")


def _head_of(model: nn.Module) -> TagHead:
    from seqlab.tasks.targets.tag_head import TagHead

    assert isinstance(model.head, TagHead)
    return model.head


def _mask_of(batch: Batch) -> Tensor:
    import torch

    if batch.context.mask is not None:
        return batch.context.mask
    return torch.ones(batch.inputs.shape[:2], dtype=torch.bool, device=batch.inputs.device)
