"""What training does to its batches and no other part sees: augmentation and mixup, seeded."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from seqlab import registry
from seqlab.batch import Batch, Mix
from seqlab.data import augmentation as changes
from seqlab.data.augmentation_words import read_synonyms, rewritten
from seqlab.data.examples import Examples
from seqlab.data.tokens import Tokenizer
from seqlab.errors import UserError
from seqlab.specs import Augmentation, TrainSpec
from seqlab.tasks.base import Task
from seqlab.tasks.inputs.series import Series
from seqlab.tasks.inputs.text import Text
from seqlab.tasks.row_task import RowTask
from seqlab.training.randomness import random_states_of


class BatchVariation:
    """Varies the training batches of an epoch, in a way that the seed and the epoch decide."""

    def __init__(self, task: Task, train: Examples, spec: TrainSpec) -> None:
        self.task, self.train, self.spec = task, train, spec
        inputs = task.inputs
        for one in spec.augment:
            _check(one, accepted(task), task.name)
        if spec.mixup and (inputs.causal or inputs.per_position):
            raise UserError(
                f"train.mixup = {spec.mixup:g}: {task.name} has no single label for an example",
                "accepted here: 0",
            )
        lists = [one.words for one in spec.augment if one.words is not None]
        self.tokenizer = _tokenizer(task)
        self.synonyms = {path: read_synonyms(path, self._of_texts()) for path in lists}

    def _of_texts(self) -> Tokenizer:
        assert self.tokenizer is not None, "words are changed in texts alone: see `accepted`"
        return self.tokenizer

    @property
    def active(self) -> bool:
        """Whether there is anything to vary."""
        return bool(self.spec.augment or self.spec.mixup)

    def batches(self, rng: np.random.Generator, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, which `rng` puts in order, varied."""
        varies = np.random.default_rng((self.spec.seed, epoch, 1))
        task, later = self._before_patches(varies)
        rewrites = [self._rewrites(one, epoch) for one in later]
        for batch in task.batches(self.train, self.spec.batch_size, self.spec.batch_tokens, rng):
            for one, texts in zip(later, rewrites, strict=True):
                batch = self._augmented(batch, one, varies, texts)
            yield self._mixed(batch, varies) if self.spec.mixup else batch

    def _before_patches(self, rng: np.random.Generator) -> tuple[Task, list[Augmentation]]:
        """A task whose series are varied before patches overlap, and what is left to vary."""
        chosen = list(self.spec.augment)
        if not chosen or not isinstance(self.task, RowTask):
            return self.task, chosen
        if not isinstance(self.task.reader, Series):
            return self.task, chosen

        def vary(values: changes.Values, real: changes.Mask) -> changes.Values:
            for one in chosen:
                values = changes.augment_values(values, real, one, rng)
            return values

        task = copy(self.task)
        task.reader = self.task.reader.varying(vary)
        return task, []

    def _augmented(
        self, batch: Batch, one: Augmentation, rng: np.random.Generator, texts: list[Tensor]
    ) -> Batch:
        if texts:
            return _replaced(batch, one, rng, texts)
        inputs = batch.inputs.numpy()
        mask = batch.context.mask
        real = np.ones(inputs.shape[:2], bool) if mask is None else mask.numpy()
        if one.kind in changes.SERIES_AUGMENTATIONS:
            varied = torch.from_numpy(changes.augment_values(inputs, real, one, rng))
        else:
            synonyms = self.synonyms.get(one.words or "", {})
            varied = torch.from_numpy(changes.augment_tokens(inputs, real, one, rng, synonyms))
        return replace(batch, inputs=varied)

    def _rewrites(self, one: Augmentation, epoch: int) -> list[Tensor]:
        """The training texts as a user's function rewrites them in this epoch."""
        if one.hook is None:
            return []
        seed = self.spec.seed + epoch
        with random_states_of(seed):  # a user's function may draw from any of them
            texts = rewritten(one.hook, self.train.frame["text"].tolist(), seed)
        return [torch.from_numpy(ids).long() for ids in self._of_texts().encode_batch(texts)]

    def _mixed(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Whom each example is mixed with; of two lengths the longer is real."""
        rows = torch.from_numpy(rng.permutation(len(batch.inputs)))
        # In single precision, as the models compute: stored runs were made so.
        share = np.float32(rng.beta(self.spec.mixup, self.spec.mixup))
        mix = Mix(rows, float(share))
        mask = batch.context.mask
        mask = None if mask is None else mask | mask[rows]
        return replace(batch, context=replace(batch.context, mask=mask, mix=mix))


def accepted(task: Task) -> tuple[str, ...]:
    """The augmentations that leave a task's targets right; its card may say otherwise."""
    card = registry.card("tasks", task.name)
    if "augmentations" in card:
        return tuple(card["augmentations"])
    inputs = task.inputs
    if inputs.causal or inputs.per_position:  # inputs are targets, or stand beside theirs
        return ()
    if inputs.kind == "values":
        return changes.SERIES_AUGMENTATIONS
    return changes.TEXT_AUGMENTATIONS if _tokenizer(task) else ("token_dropout", "swap")


def _check(one: Augmentation, names: tuple[str, ...], task: str) -> None:
    if one.kind not in names:
        raise UserError(
            f'train.augment: "{one.kind}" would make the targets of {task} wrong',
            f"accepted here: {', '.join(names) or 'none'}",
        )


def _replaced(
    batch: Batch, one: Augmentation, rng: np.random.Generator, texts: list[Tensor]
) -> Batch:
    """Other texts for a share of the examples, cut to the longest that the batch had."""
    T = batch.inputs.shape[1]
    inputs = batch.inputs.clone()
    mask = batch.context.mask
    mask = torch.ones(inputs.shape, dtype=torch.bool) if mask is None else mask.clone()
    for row in np.flatnonzero(rng.random(len(inputs)) < one.share):
        ids = texts[int(batch.rows[row])][:T]
        if len(ids):
            inputs[row], mask[row] = 0, False
            inputs[row, : len(ids)], mask[row, : len(ids)] = ids, True
    return replace(batch, inputs=inputs, context=replace(batch.context, mask=mask))


def _tokenizer(task: Task) -> Tokenizer | None:
    """Of a task that reads texts."""
    if isinstance(task, RowTask) and isinstance(task.reader, Text):
        return task.reader.tokenizer
    return None
