"""Readers, networks, features and own code, each against what it should equal."""

import numpy as np
import pandas as pd
import pytest

from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from tests.pretrained import tiny
from tests.reviews import reviews

transformers = pytest.importorskip("transformers")

import torch  # noqa: E402

from seqlab import registry  # noqa: E402
from seqlab.baselines.storage import baseline_of, load_baseline, save_baseline  # noqa: E402
from seqlab.batch import Context  # noqa: E402
from seqlab.data.frames import from_memory  # noqa: E402
from seqlab.pretrained.checkpoint import digest_of_checkpoint  # noqa: E402
from seqlab.pretrained.own_code import digest_of_code, examined  # noqa: E402
from seqlab.pretrained.sentences import FrozenCheckpoint  # noqa: E402
from seqlab.pretrained.static import StaticTable, reduced  # noqa: E402
from seqlab.pretrained.vectors import remembered  # noqa: E402
from seqlab.specs import ModelSpec, Origin, TrainSpec  # noqa: E402
from seqlab.study.building import build_model  # noqa: E402
from seqlab.study.plan import Allowance, Planner, entries  # noqa: E402
from seqlab.study.reading import as_read  # noqa: E402
from seqlab.study.space import Setting  # noqa: E402
from seqlab.study.spec import StudySpec  # noqa: E402
from seqlab.training.optimisers import build_optimiser  # noqa: E402

SETTING = Setting(named=(("learning_rate", 1e-3), ("dropout", 0.1)))


def prepared_of(frame, task="classify", **spec):
    kind = registry.load("tasks", task)
    return kind.prepare(Sources(from_memory(frame)), DataSpec(**spec), 0)[0]


@pytest.fixture(scope="module")
def prepared():
    """Reviews with two classes."""
    return prepared_of(pd.DataFrame(reviews(120), columns=["text", "label"]))


def spec_of(folder, window=16, **fields):
    origin = Origin(
        kind="checkpoint",
        name=str(folder),
        content=digest_of_checkpoint(folder),
        window=window,
        **fields,
    )
    return ModelSpec(mixer="checkpoint", origin=origin, dropout=0.0)


# -- reading ------------------------------------------------------------------------------------


def test_rows_keep_their_places_and_targets(prepared, checkpoint):
    read = as_read(prepared, spec_of(checkpoint))
    for part in ("train", "valid", "test"):
        ours, theirs = getattr(read, part), getattr(prepared, part)
        assert ours.frame.equals(theirs.frame)
        np.testing.assert_array_equal(ours.array("label"), theirs.array("label"))
    first = prepared.test.frame["text"][0]
    wanted = tiny.tokenizer().encode(first).ids
    assert read.test.ragged("tokens")[0].tolist() == wanted[: len(wanted)]


def test_a_long_text_ends_with_its_special_token(prepared, checkpoint):
    read = as_read(prepared, spec_of(checkpoint, window=5))
    ids = read.test.ragged("tokens")[0]
    assert len(ids) == 5
    assert (ids[0], ids[-1]) == (2, 3)


def test_a_model_answers_as_transformers_does(prepared, checkpoint):
    spec = spec_of(checkpoint)
    read = as_read(prepared, spec)
    model = build_model(read.task, spec).eval()
    batch = next(read.task.batches(read.test, 8, 10_000, None))
    theirs = transformers.AutoModel.from_pretrained(checkpoint).eval()
    mask = batch.context.mask
    mask = torch.ones_like(batch.inputs) if mask is None else mask.long()
    with torch.no_grad():
        hidden = theirs(batch.inputs, attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        torch.testing.assert_close(
            model(batch.inputs, batch.context), model.head(mean), atol=1e-5, rtol=0
        )


def test_two_texts_are_told_apart_as_the_checkpoint_was_taught(checkpoint):
    frame = pd.DataFrame(
        {
            "text": [f"a {w} man {n}" for n, w in enumerate(tiny.WORDS * 3)],
            "text2": [f"the {w} dog sleeps" for w in tiny.WORDS * 3],
            "label": ["yes", "no", "no"] * len(tiny.WORDS),
        }
    )
    prepared = prepared_of(frame)
    spec = spec_of(checkpoint, window=20)
    read = as_read(prepared, spec)
    model = build_model(read.task, spec).eval()
    row = prepared.test.frame.iloc[0]
    both = tiny.tokenizer().encode(row["text"], row["text2"])
    assert read.test.ragged("tokens")[0].tolist() == both.ids
    theirs = transformers.AutoModel.from_pretrained(checkpoint).eval()
    ids, kinds = torch.tensor([both.ids]), torch.tensor([both.type_ids])
    with torch.no_grad():
        wanted = theirs(ids, token_type_ids=kinds).last_hidden_state
        got = model.hidden(ids, Context())
        without = theirs(ids).last_hidden_state
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)
    assert not torch.allclose(got, without, atol=1e-5)


def test_numbers_are_predicted_as_well(checkpoint):
    task = registry.load("tasks", "regress")
    prepared = task.prepare(Sources(task.sample(60, 0)), DataSpec(), 0)[0]
    spec = spec_of(checkpoint)
    read = as_read(prepared, spec)
    model = build_model(read.task, spec)
    batch = next(read.task.batches(read.train, 8, 10_000, None))
    read.task.loss(model, batch).value.backward()
    assert model.head.weight.grad is not None


def words_with_tags():
    """Sentences of five words, of which one has a tag."""
    frame = pd.DataFrame(
        {
            "tokens": [["the", w, "film", str(n), "runs"] for n, w in enumerate(tiny.WORDS * 3)],
            "tags": [["O", "B-x", "O", "O", "O"] for _ in tiny.WORDS * 3],
        }
    )
    return prepared_of(frame, "tag")


def tagged(checkpoint, window=24):
    """Words with tags, as the checkpoint reads them."""
    spec = spec_of(checkpoint, window=window)
    return as_read(words_with_tags(), spec), spec


def test_a_word_is_answered_at_its_first_piece(checkpoint):
    read, spec = tagged(checkpoint)
    model = build_model(read.task, spec).eval()
    batch = next(read.task.batches(read.test, 4, 10_000, None))
    scores = model(batch.inputs, batch.context)
    theirs = transformers.AutoModel.from_pretrained(checkpoint).eval()
    for place, row in enumerate(batch.rows):
        words = list(read.test.frame["tokens"][row])
        whole = tiny.tokenizer().encode(words, is_pretokenized=True)
        first = [whole.word_ids.index(n) for n in range(len(words))]
        hidden = theirs(torch.tensor([whole.ids])).last_hidden_state[0, first]
        wanted = model.head(hidden[None])[0]
        torch.testing.assert_close(scores[place, : len(words)], wanted, atol=1e-5, rtol=0)


def test_a_long_sentence_is_read_in_pieces(checkpoint):
    read, spec = tagged(checkpoint, window=10)
    model = build_model(read.task, spec).eval()
    model.room = 4  # of the five words, whose number has two pieces
    batch = next(read.task.batches(read.test, 4, 10_000, None))
    words = batch.inputs.numpy()
    real = [(r, w) for r in range(words.shape[0]) for w in range(words.shape[1]) if words[r, w, 0]]
    sequences, places = model._laid_out(words, real)
    assert len(sequences) > len(words)
    assert max(map(len, sequences)) <= 4 + 2
    assert len(places) == len(real)
    assert bool(torch.isfinite(model(batch.inputs, batch.context)).all())


def test_a_tagger_is_stored_with_its_reader(checkpoint, tmp_path):
    from seqlab.study.reading import save_reader, task_as_read

    prepared, spec = words_with_tags(), spec_of(checkpoint, window=24)
    read = as_read(prepared, spec)
    save_reader(read.task, tmp_path)
    again = task_as_read(prepared.task, spec, tmp_path)
    ours, theirs = again.read_anew(prepared.test), read.test
    np.testing.assert_array_equal(ours.ragged("inputs").values, theirs.ragged("inputs").values)


# -- what is trained ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freeze", "trained", "left"),
    [
        ("none", ["embeddings.word", "layer.0", "layer.1"], []),
        ("embeddings", ["layer.0", "layer.1"], ["embeddings.word"]),
        ("1", ["layer.1"], ["embeddings.word", "layer.0"]),
        ("all-but-head", [], ["embeddings.word", "layer.0", "layer.1"]),
        ("lora", ["lora_A", "lora_B"], ["embeddings.word", "layer.0.output", "base.weight"]),
    ],
)
def test_what_is_frozen_stays_as_it_is(prepared, checkpoint, freeze, trained, left):
    spec = spec_of(checkpoint, freeze=freeze)
    model = build_model(as_read(prepared, spec).task, spec)
    learns = {name: p.requires_grad for name, p in model.named_parameters()}
    assert learns["head.weight"]
    for part in trained:
        assert all(yes for name, yes in learns.items() if part in name)
    for part in left:
        assert not any(yes for name, yes in learns.items() if part in name)


def test_a_layer_that_is_not_there_cannot_be_frozen(prepared, checkpoint):
    spec = spec_of(checkpoint, freeze="9")
    with pytest.raises(UserError, match="this checkpoint has 2 layers"):
        build_model(as_read(prepared, spec).task, spec)


def test_lora_begins_with_the_network_as_it_was_and_reads_as_peft_does(prepared, checkpoint):
    spec, plain = spec_of(checkpoint, freeze="lora"), spec_of(checkpoint)
    read = as_read(prepared, spec)
    batch = next(read.task.batches(read.test, 8, 10_000, None))
    ours, whole = build_model(read.task, spec).eval(), build_model(read.task, plain).eval()
    ours.head.load_state_dict(whole.head.state_dict())
    with torch.no_grad():
        before = whole(batch.inputs, batch.context)
        torch.testing.assert_close(ours(batch.inputs, batch.context), before)
    peft = pytest.importorskip("peft")
    network = transformers.AutoModel.from_pretrained(checkpoint)
    config = peft.LoraConfig(r=8, lora_alpha=16, target_modules=["query", "value"])
    theirs = peft.get_peft_model(network, config).eval()
    matrices = dict(ours.network.named_parameters())
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            if "lora_" in name:
                own = name.removeprefix("base_model.model.").replace(".default.weight", "")
                matrices[own].normal_(std=0.1)
                parameter.copy_(matrices[own])
        mask = batch.context.mask
        mask = torch.ones_like(batch.inputs) if mask is None else mask.long()
        wanted = theirs(batch.inputs, attention_mask=mask).last_hidden_state
        got = ours.hidden(batch.inputs, batch.context)
    real = mask.bool()
    torch.testing.assert_close(got[real], wanted[real], atol=1e-5, rtol=0)
    assert not torch.allclose(ours(batch.inputs, batch.context), before)


def test_lower_layers_learn_more_slowly(prepared, checkpoint):
    spec = spec_of(checkpoint, layer_decay=0.5)
    model = build_model(as_read(prepared, spec).task, spec)
    optimiser = build_optimiser(model, TrainSpec())
    factor = {
        id(p): group.get("rate_factor", 1.0)
        for group in optimiser.param_groups
        for p in group["params"]
    }
    named = {name: factor[id(p)] for name, p in model.named_parameters()}
    assert named["head.weight"] == 1
    assert named["network.encoder.layer.1.output.dense.weight"] == 0.5
    assert named["network.encoder.layer.0.output.dense.weight"] == 0.25
    assert named["network.embeddings.word_embeddings.weight"] == 0.125


def test_a_step_moves_each_group_at_its_own_rate(prepared, checkpoint):
    from seqlab.study.objective import TaskObjective
    from seqlab.training.feed import Feed
    from seqlab.training.updates import Updates

    spec = spec_of(checkpoint, layer_decay=0.5)
    read = as_read(prepared, spec)
    model = build_model(read.task, spec)
    train = TrainSpec(learning_rate=1e-3, schedule="constant", warmup=0, weight_decay=0)
    objective = TaskObjective(read, read.train, train)
    updates = Updates(model, objective, train, 5)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    updates.step(Feed(objective, "cpu", 0), 0)
    moved = {n: float((p.detach() - before[n]).abs().max()) for n, p in model.named_parameters()}
    # Adam's first step is the rate itself, wherever there is a gradient.
    assert moved["head.weight"] == pytest.approx(1e-3, rel=0.02)
    assert moved["network.encoder.layer.0.output.dense.weight"] == pytest.approx(2.5e-4, rel=0.02)
    assert updates.rate == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("name", "finetune", "said"),
    [
        ("./nothing", {}, "nothing: no such folder"),
        ("nothing.py:build", {}, "nothing.py: no such file"),
        ("./checkpoint", {"freeze": 7}, "--freeze 7: this checkpoint has 2 layers"),
    ],
)
def test_who_cannot_enter_is_told_why(
    name, finetune, said, prepared, checkpoint, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoint").symlink_to(checkpoint)
    spec = StudySpec(task="classify", candidates=(name,), finetune=finetune)
    with pytest.raises(UserError, match=said):
        entries(spec, prepared.task, prepared.train)


def test_an_origin_is_set_by_a_candidates_name_alone(prepared):
    spec = StudySpec(task="classify", candidates=("gru",), model={"origin": "x"})
    with pytest.raises(UserError, match="set it with --candidates"):
        entries(spec, prepared.task, prepared.train)


def test_what_reads_no_texts_refuses_a_checkpoint(checkpoint):
    task = registry.load("tasks", "series")
    series = task.prepare(Sources(task.sample(60, 0)), DataSpec(), 0)[0]
    spec = StudySpec(task="series", candidates=(str(checkpoint),))
    with pytest.raises(UserError, match="reads texts, which series does not have"):
        entries(spec, series.task, series.train)


def test_fine_tuning_has_steps_enough_and_its_own_rates(prepared, checkpoint):
    spec = StudySpec(task="classify", candidates=(str(checkpoint),), baselines=())
    (entry,) = entries(spec, prepared.task, prepared.train)
    usual = prepared.task.train_defaults["epochs"]
    planner = Planner(spec, prepared.task, ["data"], Allowance(trials=3, seeds=2, epochs=usual))
    full = planner.trial(entry, 0, SETTING).train
    steps = full["epochs"] * len(prepared.train) / full["batch_size"]
    assert steps == pytest.approx(400, rel=0.02)
    assert full["learning_rate"] == pytest.approx(2e-5)
    short = planner.trial(entry, 0, SETTING, "short").train
    assert short["epochs"] == pytest.approx(full["epochs"] / 3, rel=0.01)
    declared = spec.with_(budget={"epochs": 2})
    (entry,) = entries(declared, prepared.task, prepared.train)
    planner = Planner(declared, prepared.task, ["data"], Allowance(trials=3, seeds=2, epochs=2))
    assert planner.trial(entry, 0, SETTING).train["epochs"] == 2


# -- frozen features ----------------------------------------------------------------------------


def test_features_do_not_depend_on_the_company(checkpoint):
    encoder = FrozenCheckpoint.load(str(checkpoint), 16)
    texts = ["a great film", "a very dull and boring film with a weak plot", "fun", ""]
    together = encoder.computed(texts)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(encoder.computed([text])[0], together[row], atol=1e-5)


def test_vectors_are_computed_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQLAB_CACHE", str(tmp_path))
    asked = []

    def compute(texts):
        asked.extend(texts)
        return np.array([[len(t), ord(t[0])] for t in texts], dtype=np.float32)

    first = remembered("way", ["b", "aa", "b"], compute)
    again = remembered("way", ["aa", "ccc", "b"], compute)
    assert asked == ["b", "aa", "ccc"]
    np.testing.assert_array_equal(first[:, 0], [1, 2, 1])
    np.testing.assert_array_equal(again[:, 0], [2, 3, 1])
    assert len(remembered("another way", ["b"], compute)) == 1
    assert asked == ["b", "aa", "ccc", "b"]


def test_a_damaged_cache_is_computed_again(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQLAB_CACHE", str(tmp_path))

    def compute(texts):
        return np.ones((len(texts), 2), dtype=np.float32)

    remembered("way", ["a"], compute)
    for path in (tmp_path / "vectors").iterdir():
        path.write_bytes(b"no tensors")
    np.testing.assert_array_equal(remembered("way", ["a"], compute), [[1, 1]])


def test_a_static_text_is_the_mean_of_its_tokens(checkpoint):
    table = StaticTable.load(str(checkpoint))
    again = StaticTable.load(str(checkpoint))
    np.testing.assert_array_equal(table.table, again.table)
    ids = tiny.tokenizer().encode("great film", add_special_tokens=False).ids
    mean = table.table[ids].astype(np.float32).mean(axis=0)
    got = table.computed(["great film", "film great", ""])
    np.testing.assert_allclose(got[0], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_allclose(got[1], got[0], atol=1e-6)
    assert not got[2].any()


def test_principal_components_keep_the_largest_spread():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 5)) * [1, 9, 3, 0.1, 0.1] + 7
    spread = reduced(vectors, 2).std(axis=0)
    assert spread[0] == pytest.approx(9, rel=0.15)
    assert spread[1] == pytest.approx(3, rel=0.15)


@pytest.mark.parametrize("static", [False, True])
def test_a_regression_on_frozen_features_is_stored_whole(prepared, checkpoint, tmp_path, static):
    settings = {"baseline": "frozen-lr", "source": str(checkpoint), "window": 16, "static": static}
    first = baseline_of("x", settings).fit(prepared.task, prepared.train, prepared.valid, 0)
    predictions = first.predict(prepared.task, prepared.test)
    np.testing.assert_allclose(predictions.sum(axis=1), 1)
    right = predictions.argmax(axis=1) == prepared.test.array("label")
    assert right.mean() > 0.6  # even chance vectors of words tell these apart
    save_baseline(first, tmp_path)
    again = load_baseline(tmp_path)
    np.testing.assert_allclose(again.predict(prepared.task, prepared.test), predictions, atol=1e-5)
    assert again.brought_parameters() == first.brought_parameters() > 500


# -- own code -----------------------------------------------------------------------------------

GOOD = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.table = nn.Embedding(inputs.size, 8)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(8, outputs)

    def forward(self, x, mask):
        w = mask.unsqueeze(-1).float()
        return self.out(self.drop((self.table(x) * w).sum(1) / w.sum(1)))

def build(inputs, outputs):
    return Net(inputs, outputs)
"""
WITHOUT_MASK = (
    "forward(self, x, mask):\n        w = mask",
    "forward(self, x):\n        w = (x > -1)",
)

OWN_SHIFT = (
    "return self.out(",
    "self.shift = getattr(self, 'shift', torch.randn(1))\n        return self.shift + self.out(",
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("return Net(inputs, outputs)", "return 3"), "returned int, no nn.Module"),
        (("return Net(inputs, outputs)", "return 1 / 0"), "build failed: ZeroDivisionError"),
        (("def build", "def made"), 'has no function "build"'),
        (("import torch\n", "import nothing_like_this\n"), "cannot be imported"),
        (("nn.Linear(8, outputs)", "nn.Linear(8, outputs + 1)"), "forward returned shape (4, 2)"),
        (("return self.out(", "return torch.zeros(4, 1) / 0 + self.out("), "what is no number"),
        (("self.table(x) * w", "self.table(x).detach() * w"), "no gradient reaches table.weight"),
        (("self.drop((", "nn.functional.dropout(("), "answers differ from call to call"),
        (WITHOUT_MASK, "padding changes its answers: give forward a second argument, mask"),
        (("nn.Embedding(inputs.size, 8)", "nn.Embedding(3, 8)"), "forward failed: IndexError"),
        (OWN_SHIFT, "a second one with its weights answers otherwise"),
    ],
    ids=lambda value: value[1][:30] if isinstance(value, tuple) else None,
)
def test_what_is_wrong_with_a_network_is_one_line(prepared, tmp_path, change, said):
    path = tmp_path / "mine.py"
    assert change[0] in GOOD
    path.write_text(GOOD.replace(*change))
    origin = Origin(kind="code", name=f"{path}:build", content=digest_of_code(path))
    with pytest.raises(UserError) as caught:
        examined(prepared.task, origin)
    assert said in caught.value.message
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_network_that_is_right_enters(prepared, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    origin = Origin(kind="code", name=f"{path}:build", content=digest_of_code(path))
    examined(prepared.task, origin)
    spec = ModelSpec(mixer="code", origin=origin)
    model = build_model(as_read(prepared, spec).task, spec)
    assert model.embedding_parameters() == 8 * prepared.task.inputs.size
    path.write_text(GOOD + "\n# changed\n")
    with pytest.raises(UserError, match="not the file that this study was planned with"):
        build_model(as_read(prepared, spec).task, spec)
