"""Augmentation, mixup and smoothed labels in training: seeded, on the training part alone."""

import math
import random

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.batch import Batch, Context, Mix, Softening
from seqlab.data.augmentation import SERIES_AUGMENTATIONS
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.losses import binary_cross_entropy, cross_entropy
from tests.study.test_study_folder import FRAME


@pytest.fixture(scope="module")
def prepared():
    table = Table(FRAME, "reviews", ())
    return registry.load("tasks", "classify").prepare(Sources(table), DataSpec(), 0)[0]


def objective(prepared, **fields):
    return TaskObjective(prepared, prepared.train, TrainSpec.read(fields, "train"))


def inputs(found, epoch=0):
    return [batch.inputs for batch in found.batches(epoch)]


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


DROPPED = [{"kind": "token_dropout", "rate": 0.3}]


def test_augmentation_varies_with_the_epoch_and_the_seed_alone(prepared):
    plain, varied = objective(prepared), objective(prepared, augment=DROPPED)
    assert not same(inputs(plain), inputs(varied))
    assert same(inputs(varied), inputs(varied))
    other = objective(prepared, augment=DROPPED, seed=1)
    assert not same(inputs(varied, 1), inputs(plain, 1))
    assert varied.train is plain.train
    assert not same([inputs(varied)[0] == 1], [inputs(other)[0] == 1])


def test_validation_sees_no_augmentation(prepared):
    torch.manual_seed(0)
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8))
    every = [{"kind": "token_dropout", "rate": 1.0}]
    assert objective(prepared, augment=every).validate(model) == objective(prepared).validate(model)


def test_rewritten_texts_are_trained_on(prepared):
    hook = [{"kind": "rewrite", "hook": "tests.study.test_variation:first_word"}]
    for batch in objective(prepared, augment=hook).batches(0):
        assert batch.context.mask is not None
        assert (batch.context.mask.sum(dim=1) <= 1).all()


def test_synonyms_of_a_users_list_are_trained_on(prepared, tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("great,superb\ndull,awful\n", encoding="utf-8")
    varied = objective(prepared, augment=[{"kind": "synonyms", "rate": 1.0, "words": str(path)}])
    great, superb = (int(prepared.task.reader.tokenizer.encode_batch([w])[0][0]) for w in GREAT)
    plain, found = (
        torch.cat([x.flatten() for x in inputs(o)]) for o in (objective(prepared), varied)
    )
    assert (plain == great).any()
    assert not (found == great).any()
    assert torch.equal((plain == great) | (plain == superb), found == superb)


GREAT = ("great", "superb")


def test_values_are_varied_in_training():
    rng = np.random.default_rng(0)
    rows = {f"t{step}": rng.normal(size=60).round(3) for step in range(12)}
    frame = pd.DataFrame({**rows, "label": ["rise", "fall"] * 30})
    sources = Sources(read_table(frame))
    prepared = registry.load("tasks", "series").prepare(sources, DataSpec(), 0)[0]
    plain = objective(prepared)
    for kind in SERIES_AUGMENTATIONS:
        varied = objective(prepared, augment=[{"kind": kind, "rate": 0.3}])
        assert not same(inputs(plain), inputs(varied)), kind
        assert same(inputs(varied), inputs(varied)), kind


@pytest.mark.parametrize("window", [None, 8])
def test_series_are_varied_before_their_patches_overlap(window):
    """A step that stands in two patches is the same step in both."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"t{step}": rng.normal(size=60) for step in range(16)})
    spec = DataSpec(options={"patch": 2, "window": window})
    sources = Sources(read_table(frame.assign(label=["rise", "fall"] * 30)))
    prepared = registry.load("tasks", "series").prepare(sources, spec, 0)[0]
    scaling = prepared.task.reader.scaling
    for kind in SERIES_AUGMENTATIONS:
        for x in inputs(objective(prepared, augment=[{"kind": kind, "rate": 0.3, "share": 1.0}])):
            overlap = scaling.window - scaling.patch
            assert overlap > 0
            ends, begins = x[:, :-1, scaling.patch :], x[:, 1:, :overlap]
            assert torch.equal(ends, begins), kind


def first_word(texts, seed):
    return [text.split()[0] for text in texts]


def test_what_a_users_function_draws_is_decided_by_seed_and_epoch(prepared):
    """It may draw from the states that training draws from, and disturbs none of them."""
    found = objective(
        prepared, augment=[{"kind": "rewrite", "hook": "tests.study.test_variation:any_word"}]
    )
    torch.manual_seed(1)
    first, drawn = inputs(found), torch.rand(1)
    random.seed(4)
    torch.manual_seed(1)
    assert same(first, inputs(found))
    assert torch.equal(drawn, torch.rand(1))
    assert not same(first, inputs(found, 1))


def any_word(texts, seed):
    return [random.choice(text.split()) for text in texts if torch.rand(1) >= 0]


def test_what_would_make_targets_wrong_is_refused(prepared):
    with pytest.raises(UserError) as caught:
        objective(prepared, augment=[{"kind": "jitter"}])
    assert caught.value.message == (
        'train.augment: "jitter" would make the targets of classify wrong'
    )
    assert caught.value.hint == "accepted here: token_dropout, swap, synonyms, rewrite"


def test_smoothing_and_mixup_are_refused_where_there_are_no_labels(prepared, monkeypatch):
    task = prepared.task
    monkeypatch.setattr(
        type(task), "loss", lambda self, model, batch, state=None: model(batch.inputs, None)
    )
    for name in ("label_smoothing", "mixup"):
        found = objective(prepared, **{name: 0.5})
        with pytest.raises(UserError, match=rf"train\.{name} = 0\.5: classify has no labels"):
            found.loss(lambda inputs, context: None, next(found.batches(0)))


def test_smoothed_labels_by_hand():
    logits, targets = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([0])
    log = logits.log_softmax(-1)[0]
    plain = cross_entropy(logits, targets, Softening())
    smooth = cross_entropy(logits, targets, Softening(0.3))
    assert plain.item() == pytest.approx(-log[0].item())
    assert smooth.item() == pytest.approx(-(0.7 * log[0] + 0.1 * log.sum()).item(), rel=1e-5)
    binary = binary_cross_entropy(torch.tensor([1.5]), torch.tensor([1]), Softening(0.2))
    yes, no = (math.log1p(math.exp(-x)) for x in (1.5, -1.5))
    assert binary.item() == pytest.approx(0.9 * yes + 0.1 * no, rel=1e-5)


def test_mixed_losses_by_hand():
    logits, targets = torch.randn(3, 4), torch.tensor([0, 1, 2])
    rows = torch.tensor([2, 0, 1])
    mixed = cross_entropy(logits, targets, Softening(0.0, Mix(rows, 0.7)))
    own, others = (cross_entropy(logits, t, Softening()) for t in (targets, targets[rows]))
    expected = 0.7 * own + 0.3 * others
    torch.testing.assert_close(mixed, expected)


def test_mixup_blends_embeddings_and_hears_both_lengths(prepared):
    found = objective(prepared, mixup=0.4)
    model = build_model(prepared.task, ModelSpec(mixer="bag", width=8, dropout=0.0))
    batch = next(found.batches(0))
    rows, share = batch.context.mix.rows, batch.context.mix.share
    seen = {}
    model.blocks[0].register_forward_pre_hook(lambda _, given: seen.update(x=given[0]))
    found.loss(model, batch)
    table = model.embedding.table(batch.inputs)
    torch.testing.assert_close(seen["x"], share * table + (1 - share) * table[rows])
    plain = next(objective(prepared).batches(0))
    real = plain.context.mask
    both = torch.ones_like(batch.inputs, dtype=torch.bool) if real is None else real | real[rows]
    given = batch.context.mask
    assert given is None if real is None else torch.equal(given, both)


def test_mixup_and_smoothing_learn_all_the_same(prepared):
    from seqlab.training.fit import fit

    for fields in ({"mixup": 0.2}, {"label_smoothing": 0.1}, {"augment": DROPPED}):
        spec = TrainSpec.read({"epochs": 6, "learning_rate": 0.01, **fields}, "train")
        model = build_model(prepared.task, ModelSpec(mixer="bag", width=8, pooling="mean"))
        history = fit(model, TaskObjective(prepared, prepared.train, spec), spec)
        first, last = history.records[0], history.records[-1]
        assert last["train_loss"] < first["train_loss"], fields


def test_pieces_of_long_inputs_are_not_mixed():
    mix = Mix(torch.tensor([1, 0]), 0.5)
    with pytest.raises(UserError, match=r"train\.mixup: this model reads long inputs in pieces"):
        mix.blend(torch.ones(3, 4, 8))


def test_targets_that_are_not_one_for_each_example_are_not_mixed():
    softening = Softening(0.0, Mix(torch.tensor([1, 0]), 0.5))
    with pytest.raises(UserError, match=r"train\.mixup: these targets are not one for each"):
        cross_entropy(torch.randn(5, 3), torch.zeros(5, dtype=torch.long), softening)


def test_what_is_mixed_moves_with_its_batch():
    mix = Mix(torch.tensor([1, 0]), 0.5)
    batch = Batch(torch.ones(2, 3), context=Context(mix=mix), softening=Softening(0.1, mix))
    moved = batch.to("meta")
    assert moved.context.mix is not None
    assert moved.context.mix.rows.device.type == "meta"
    assert moved.context.mix.share == 0.5
    assert moved.softening.smoothing == 0.1


def test_two_threads_soften_apart():
    """What one training does to its targets is nothing that another one could meet."""
    from concurrent.futures import ThreadPoolExecutor

    logits, targets = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    levels = [0.0, 0.3] * 50
    with ThreadPoolExecutor(4) as pool:
        values = list(pool.map(lambda s: cross_entropy(logits, targets, Softening(s)), levels))
    assert len({float(value) for value in values[::2]}) == 1
    assert len({float(value) for value in values[1::2]}) == 1
    assert values[0] != values[1]
