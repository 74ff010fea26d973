"""Language modelling: blocks, what is seen before them, scores, training with carried state."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from seqlab import registry
from seqlab.baselines.kneser_ney import KneserNey
from seqlab.batch import Context
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.study.prepared_folder import load_prepared, save_prepared
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.language import Language
from seqlab.tasks.language_modelling.scoring import NATS_A_BYTE
from seqlab.training.fit import fit
from tests.tasks.language_data import prepare, prose, table

LSTM = {"mixer": "lstm", "width": 16}
ATTENTION = {"mixer": "attention", "width": 16, "positions": "learned", "residual": True}
BLOCK = {"options": {"block": 16}}


def model_of(task, **fields):
    spec = ModelSpec(**{"max_length": task.inputs.longest, "dropout": 0.0, **fields})
    return build_model(task, spec, seed=1).eval()


def value(task, name, predictions, examples):
    metric = registry.load("metrics", name)()
    return metric.value(task.statistics(metric, predictions, examples))


def by_hand(task, model, text, begin=0):
    """−log p of each character of a text but those before `begin`, in one forward pass."""
    ids = torch.tensor([[0, *task.vocabulary.encode(text).ids.tolist()]])
    with torch.no_grad():
        scores = model(ids[:, :-1], Context()).log_softmax(dim=-1)[0]
    nats = -scores[torch.arange(len(text)), ids[0, 1:]].double().numpy()
    return nats[begin:]


# -- blocks and what is seen before them -------------------------------------------------------


def test_every_token_of_test_is_scored_once_with_the_token_before_it():
    prepared = prepare(**BLOCK)
    task, test = prepared.task, prepared.test
    seen = {}
    for batch in task.batches(test, 7, 1000, None):
        wanted = batch.targets[batch.targets >= 0]
        np.testing.assert_array_equal(
            batch.inputs[:, 1:][batch.targets[:, 1:] >= 0],
            batch.targets[:, :-1][batch.targets[:, 1:] >= 0],
        )
        for row, target in zip(batch.rows, batch.targets, strict=True):
            assert row not in seen
            seen[int(row)] = task.vocabulary.decode(target[target >= 0].tolist())
        assert len(wanted) == batch.extra["lengths"].sum()
    text = "".join(seen[row] for row in range(len(test)))
    assert prose().endswith(text)
    assert len(text) == prepared.card["characters"]["test"]


def test_blocks_are_scored_by_themselves():
    prepared = prepare(**BLOCK)
    task, model = prepared.task, model_of(prepared.task, **LSTM)
    nats = predict_all(task, model, prepared.test)
    text = prose()[-prepared.card["characters"]["test"] :]
    # The first token of the first block follows the boundary, that of others the text before.
    np.testing.assert_allclose(nats[0], by_hand(task, model, text[:16]), rtol=1e-4)
    ids = torch.from_numpy(task.vocabulary.encode(text[15:32]).ids).long()[None]
    with torch.no_grad():
        scores = model(ids[:, :-1], Context()).log_softmax(dim=-1)[0]
    wanted = -scores[torch.arange(16), ids[0, 1:]].numpy()
    np.testing.assert_allclose(nats[1], wanted, rtol=1e-4)


def test_carried_evaluation_is_one_long_reading():
    prepared = prepare(options={"block": 16, "evaluation": "carried"})
    task, model = prepared.task, model_of(prepared.task, **LSTM)
    nats = predict_all(task, model, prepared.test)
    text = prose()[-prepared.card["characters"]["test"] :]
    np.testing.assert_allclose(nats.values, by_hand(task, model, text), rtol=1e-3, atol=1e-5)


def test_strided_evaluation_reads_context_first():
    prepared = prepare(options={"block": 16, "evaluation": "strided", "context": 12})
    task, model = prepared.task, model_of(prepared.task, **ATTENTION)
    nats = predict_all(task, model, prepared.test)
    text = prose()[-prepared.card["characters"]["test"] :]
    assert set(np.diff(nats.offsets)[:-1]) == {4}
    np.testing.assert_allclose(nats[0], by_hand(task, model, text[:4]), rtol=1e-4)
    ids = torch.from_numpy(task.vocabulary.encode(text[27:44]).ids).long()[None]
    with torch.no_grad():  # the eleventh block: 40 … 43, after 28 … 39 and the token before them
        scores = model(ids[:, :-1], Context()).log_softmax(dim=-1)[0]
    wanted = -scores[torch.arange(16), ids[0, 1:]].numpy()[12:]
    np.testing.assert_allclose(nats[10], wanted, rtol=1e-4)


def test_more_context_does_not_change_what_an_n_gram_model_cannot_see():
    kneser = {}
    for evaluation in ("blocks", "strided", "carried"):
        prepared = prepare(options={"block": 32, "evaluation": evaluation})
        baseline = KneserNey().fit(prepared.task, prepared.train, prepared.valid, 0)
        nats = baseline.predict(prepared.task, prepared.test)
        kneser[evaluation] = value(prepared.task, "perplexity", nats, prepared.test)
    assert kneser["carried"] == pytest.approx(kneser["strided"], rel=0.02)
    assert kneser["carried"] < kneser["blocks"]


# -- scores ------------------------------------------------------------------------------------


def test_bits_and_perplexity_of_a_uniform_model():
    prepared = prepare(**BLOCK)
    task, model = prepared.task, model_of(prepared.task, **LSTM)
    torch.nn.init.zeros_(model.head.weight)
    torch.nn.init.zeros_(model.head.bias)
    nats = predict_all(task, model, prepared.test)
    size = len(task.vocabulary)
    assert value(task, "perplexity", nats, prepared.test) == pytest.approx(size, rel=1e-6)
    for name in ("bits-per-character", "bits-per-byte"):
        assert value(task, name, nats, prepared.test) == pytest.approx(np.log2(size), rel=1e-6)


def test_bytes_are_fewer_bits_each_than_characters():
    prepared = prepare(prose().replace("a", "ä"), **BLOCK)
    task, model = prepared.task, model_of(prepared.task, **LSTM)
    nats = predict_all(task, model, prepared.test)
    card = prepared.card
    ratio = value(task, "bits-per-character", nats, prepared.test) / value(
        task, "bits-per-byte", nats, prepared.test
    )
    assert ratio == pytest.approx(card["bytes"]["test"] / card["characters"]["test"])
    assert ratio > 1.05


def test_unknown_characters_are_spelled_and_counted():
    text = prose()
    prepared = prepare(text, None, prose(400, 1) + "€" * 3, **BLOCK)
    task, model = prepared.task, model_of(prepared.task, **LSTM)
    nats = predict_all(task, model, prepared.test)
    characters = prepared.card["characters"]["test"]
    bits = value(task, "bits-per-character", nats, prepared.test) * characters
    known = float(np.sum(nats.values))
    assert bits == pytest.approx((known + 9 * NATS_A_BYTE) / np.log(2), rel=1e-9)
    assert prepared.card["unknown_tokens"] == {"train": 0, "valid": 0, "test": 3}
    assert any("test: 3 tokens" in note for note in prepared.card["notes"])


def test_a_primary_metric_can_be_chosen():
    assert prepare(metric="perplexity", **BLOCK).task.metrics[0] == "perplexity"
    with pytest.raises(UserError, match='unknown metric "accuracy"'):
        prepare(metric="accuracy", **BLOCK)


def test_blocks_of_many_documents_are_counted_by_document():
    prepared = prepare([prose(80, i) for i in range(700)], **BLOCK)
    assert len(np.unique(prepared.test.blocks)) == prepared.card["documents"]["test"] == 35


def test_blocks_of_one_text_are_counted_in_stretches():
    """Neighbours are no independent observations; a short text still has some to count."""
    blocks = prepare(**BLOCK).test.blocks
    assert len(np.unique(blocks)) <= 30
    assert (np.diff(blocks) >= 0).all()
    long = prepare(prose(340_000), **BLOCK)
    sizes = np.bincount(long.test.blocks)
    assert len(sizes) == pytest.approx(long.card["tokens"]["test"] / 2048, abs=1)
    assert sizes[:-1].min() == 128  # of 16 tokens


# -- training ----------------------------------------------------------------------------------


def test_training_blocks_come_from_anywhere_within_a_document():
    documents = [f"{i:02d}" + prose(24, i) for i in range(30)]
    prepared = prepare(documents, **BLOCK)
    task = prepared.task
    starts = set()
    for epoch in range(3):
        for batch in task.batches(prepared.train, 8, 1000, np.random.default_rng(epoch)):
            for inputs, targets in zip(batch.inputs, batch.targets, strict=True):
                text = task.vocabulary.decode(targets[targets >= 0].tolist())
                assert any(text in document for document in documents)
                starts.add(text[:6])
                assert (inputs[1:][targets[1:] >= 0] == targets[:-1][targets[1:] >= 0]).all()
    assert len(starts) > 1.5 * len(prepared.train)


def test_rows_of_stateful_batches_go_on_where_the_last_ended():
    prepared = prepare(options={"block": 16, "stateful": True})
    task, batches = prepared.task, []
    batches = list(task.batches(prepared.train, 5, 10000, np.random.default_rng(0)))
    assert [batch.continues for batch in batches] == [False] + [True] * (len(batches) - 1)
    assert len(batches) == task.batch_count(prepared.train, 5, 10000)
    lanes = torch.cat([batch.targets for batch in batches], dim=1)
    assert lanes.shape[0] == 5
    text = prose()
    for lane in lanes:
        assert task.vocabulary.decode(lane.tolist()) in text
    for before, after in itertools.pairwise(batches):
        assert (after.inputs[:, 0] == before.targets[:, -1]).all()


def test_the_loss_with_carried_state_is_that_of_the_whole():
    prepared = prepare(options={"block": 16, "stateful": True})
    task, model = prepared.task, model_of(prepared.task, **LSTM)
    batches = list(task.batches(prepared.train, 4, 10000, np.random.default_rng(0)))[:3]
    state, losses = None, []
    for batch in batches:
        loss = task.loss(model, batch, state)
        state = loss.state
        losses.append(loss.value.item())
        assert not state.mixers[0].h.requires_grad
    inputs = torch.cat([batch.inputs for batch in batches], dim=1)
    targets = torch.cat([batch.targets for batch in batches], dim=1)
    scores = model(inputs, Context())
    whole = torch.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
    assert np.mean(losses) == pytest.approx(whole.item(), rel=1e-4)


def test_a_cache_that_grows_is_not_carried():
    prepared = prepare(options={"block": 16, "stateful": True})
    task, model = prepared.task, model_of(prepared.task, **ATTENTION)
    batch = next(task.batches(prepared.train, 4, 10000, np.random.default_rng(0)))
    assert task.loss(model, batch, None).state is None


@pytest.mark.parametrize("stateful", [False, True])
def test_learns(stateful):
    prepared = prepare(prose(6000), options={"block": 16, "stateful": stateful})
    spec = TrainSpec(learning_rate=1e-2, batch_size=32, steps=60, evaluations=2)
    model = model_of(prepared.task, mixer="lstm", width=48)
    objective = TaskObjective(prepared, prepared.train, spec)
    before = objective.validate(model)
    history = fit(model, objective, spec)
    assert history.best < 0.6 * before


def test_smaller_training_parts_are_the_beginning_of_the_text():
    prepared = prepare(**BLOCK)
    task = prepared.task
    some = task.subset(prepared.train, 5, 0)
    read = set()
    for batch in task.batches(some, 8, 1000, np.random.default_rng(0)):
        for targets in batch.targets:
            read.add(prose().index(task.vocabulary.decode(targets.tolist())))
    assert max(read) <= 5 * 16 - 16


def test_a_tied_output_is_the_embedding_and_is_counted_once():
    tied = prepare(tokenizer="word", options={"block": 16}).task
    model = model_of(tied, mixer="lstm", width=16)
    assert model.embedding_parameters() == 16 * len(tied.vocabulary)
    free = prepare(tokenizer="word", options={"block": 16, "tied": False}).task
    more = model_of(free, mixer="lstm", width=16).body_parameters()
    assert more - model.body_parameters() == 16 * len(free.vocabulary)
    assert "head.weight" not in model.state_dict()
    again = model_of(tied, mixer="lstm", width=16)
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        model.embedding.table.weight.mul_(2)
        ids = torch.tensor([[2, 3, 4]])
        assert not torch.allclose(model(ids, Context()), again(ids, Context()))


def test_a_tied_output_of_another_width_is_narrowed():
    task = prepare(tokenizer="word", options={"block": 16}).task
    model = model_of(task, mixer="lstm", width=16, embedding_width=8)
    assert model.head.narrow.weight.shape == (8, 16)


# -- in use ------------------------------------------------------------------------------------


def test_is_saved_and_loaded_whole(tmp_path):
    prepared = prepare([prose(60, i) for i in range(25)], tokenizer="bpe", vocabulary=300, **BLOCK)
    save_prepared(prepared, tmp_path, "d")
    again = load_prepared("language", tmp_path)
    model = model_of(prepared.task, **LSTM)
    np.testing.assert_array_equal(
        predict_all(prepared.task, model, prepared.test).values,
        predict_all(again.task, model, again.test).values,
    )
    assert again.task.settings == prepared.task.settings
    assert again.task.train_defaults == prepared.task.train_defaults


def test_refitting_on_everything_reads_all_parts():
    prepared = prepare(**BLOCK)
    parts = [prepared.train, prepared.valid, prepared.test]
    joined = Examples.joined(parts)
    texts = set()
    for batch in prepared.task.batches(joined, 8, 1000, np.random.default_rng(0)):
        texts |= set(batch.rows.tolist())
    assert texts == set(range(sum(map(len, parts))))


def test_new_documents_have_a_row_each_and_a_total():
    prepared = prepare([prose(60, i) for i in range(25)], **BLOCK)
    task, model = prepared.task, model_of(prepared.task, **LSTM)
    examples = task.encode(table(["the cat", "", "it was rain €\n" * 9]))
    shown = task.present(predict_all(task, model, examples), examples)
    assert shown["document"].tolist() == ["row 1", "row 3", "total"]
    assert shown["characters"].tolist() == [7, 126, 133]
    assert shown["unknown"].tolist() == [0, 9, 9]
    assert shown["tokens"].tolist() == [8, 127, 135]  # the end of each is predicted too
    assert shown["bits"].iloc[:2].sum() == pytest.approx(shown["bits"].iloc[2])
    assert (shown["bits"] / shown["characters"]).tolist() == pytest.approx(
        shown["bits_per_character"].tolist()
    )


def test_one_text_has_a_row_each_block():
    task = prepare(**BLOCK).task
    model = model_of(task, **LSTM)
    examples = task.encode(table("the cat sat on a mat and saw what"))
    shown = task.present(predict_all(task, model, examples), examples)
    assert shown["from_character"].tolist() == [0, 16, 32, 0]
    assert shown["characters"].tolist() == [16, 16, 1, 33]


def test_long_texts_are_scored_in_bounded_batches():
    prepared = prepare(options={"block": 16, "evaluation": "carried"})
    examples = prepared.task.encode(table([prose(800, i) for i in range(3)]))
    for batch in prepared.task.batches(examples, 256, 32, None):
        assert batch.inputs.shape[0] <= 2
    plain = prepare(**BLOCK)
    for batch in plain.task.batches(plain.test, 256, 160, None):
        assert batch.inputs.numel() <= 160


def test_what_a_report_shows():
    prepared = prepare(**BLOCK)
    task, model = prepared.task, model_of(prepared.task, **LSTM)
    nats = predict_all(task, model, prepared.test)
    made = {e.title: e for e in task.exhibits(nats, prepared.test)}
    curve = made["Bits by place in the block"].data
    assert curve["x"][0] == 0
    assert sum(curve["count"]) <= prepared.card["tokens"]["test"]
    kinds = made["Bits by kind of character"].data["rows"]
    assert sum(row[1] for row in kinds) == prepared.card["tokens"]["test"]
    total = sum(row[1] * row[2] for row in kinds)
    assert total == pytest.approx(float(np.sum(nats.values)) / np.log(2))
    hardest = made["Hardest passages"].data["rows"]
    assert hardest[0][3] >= hardest[-1][3]
    assert all(prose()[row[2] :].startswith(row[0]) for row in hardest)
    (written,) = task.model_exhibits(model, prepared.test)
    assert written.kind == "samples"
    assert len(written.data["items"][0]["text"]) == 300


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block": 1}, "options.block = 1: should be greater than or equal to 2"),
        ({"blok": 64}, 'unknown setting in options "blok"; did you mean "block"?'),
        (
            {"context": 4},
            'options.context = 4: evaluation = "blocks" reads no context',
        ),
        (
            {"block": 16, "evaluation": "strided", "context": 16},
            "options.context = 16: leaves nothing to score of 16 tokens",
        ),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(UserError) as error:
        prepare(options=options)
    assert error.value.message == message


def test_a_text_shorter_than_a_block():
    with pytest.raises(UserError) as error:
        prepare("a short text, not much longer than this line", options={"block": 64})
    assert error.value.message == (
        '"corpus.jsonl": the train part has 40 tokens, fewer than one block of 64'
    )


def test_inspection_finds_what_matters():
    text = prose(2400)
    sources = Sources(table(text), None, table(text[:2000] + "€"))
    titles = [f.title for f in Language.inspect(sources, DataSpec(**BLOCK), 0)]
    assert any(
        t == "characters of valid and test that are not in training: 1 ('€'; 1 in all)"
        for t in titles
    )
    assert any(
        "of the test part's passages of 60 characters are in the training part too" in t
        for t in titles
    )
    boilerplate = Sources(table("same line\n" * 900 + prose(1000)))
    titles = [f.title for f in Language.inspect(boilerplate, DataSpec(**BLOCK), 0)]
    assert any("most often 'same line' (900 times)" in t for t in titles)
    short = Language.inspect(Sources(table("")), DataSpec(), 0)
    assert short[0].severity == "error"
