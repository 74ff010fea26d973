"""Checkpoints are believed only as far as they are what they should be."""

import json
import random
import shutil

import numpy as np
import pytest

from seqlab.errors import UserError
from tests.pretrained import tiny

transformers = pytest.importorskip("transformers")

import torch  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402

from seqlab.pretrained.checkpoint import digest_of_checkpoint, located  # noqa: E402
from seqlab.pretrained.loading import load_network  # noqa: E402
from seqlab.pretrained.reader import tokenizer_of  # noqa: E402

MUTATIONS = 200


@pytest.fixture
def folder(checkpoint, tmp_path):
    """A checkpoint that a test may damage."""
    return shutil.copytree(checkpoint, tmp_path / "copy")


def changed(folder, change):
    """Its tensors after a change."""
    path = folder / "model.safetensors"
    tensors = dict(load_file(path))
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


def test_its_answers_are_those_of_transformers(checkpoint):
    ids = torch.tensor([[2, 5, 6, 7, 3]])
    theirs = transformers.AutoModel.from_pretrained(checkpoint).eval()(ids).last_hidden_state
    ours = load_network(checkpoint)(ids).last_hidden_state
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["BertForMaskedLM", "BertForSequenceClassification"])
def test_a_head_may_be_there_or_not(tmp_path, kind):
    network = load_network(tiny.bert(tmp_path, kind=kind))
    assert type(network).__name__ == "BertModel"


def test_another_architecture_is_read_as_well(tmp_path):
    assert type(load_network(tiny.gpt2(tmp_path))).__name__ == "GPT2Model"


def test_a_missing_tensor_is_named(folder):
    changed(folder, lambda t: t.pop("encoder.layer.1.output.dense.weight"))
    with pytest.raises(UserError, match=r"tensor encoder\.layer\.1\.output\.dense\.weight is miss"):
        load_network(folder)


def test_a_surplus_tensor_is_named(folder):
    changed(folder, lambda t: t.update({"encoder.layer.7.extra": np.zeros(3, np.float32)}))
    with pytest.raises(UserError, match=r"tensor encoder\.layer\.7\.extra is none of"):
        load_network(folder)


def test_a_wrong_shape_is_named(folder):
    name = "encoder.layer.0.intermediate.dense.bias"
    changed(folder, lambda t: t.update({name: np.zeros(33, np.float32)}))
    with pytest.raises(UserError, match=r"encoder\.layer\.0\.intermediate\.dense\.bias"):
        load_network(folder)


def test_weights_that_are_no_numbers_are_refused(folder):
    changed(folder, lambda t: t["embeddings.LayerNorm.bias"].fill(np.nan))
    with pytest.raises(UserError, match="no numbers"):
        load_network(folder)


def test_pickles_alone_are_refused(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"pytorch_model\.bin: weights as pickle only"):
        load_network(folder)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_that_comes_along_is_never_run(folder, file):
    content = json.loads((folder / file).read_text()) | {"auto_map": {"AutoModel": "code.Model"}}
    (folder / file).write_text(json.dumps(content))
    (folder / "code.py").write_text("raise SystemExit('was run')")
    with pytest.raises(UserError, match="auto_map"):
        load_network(folder)


def test_a_truncated_file_is_refused(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"model\.safetensors: damaged"):
        load_network(folder)


def test_a_header_that_lies_is_refused_before_memory_is_taken(folder):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes((2**40).to_bytes(8, "little") + content[8:])
    with pytest.raises(UserError, match=r"model\.safetensors: damaged"):
        load_network(folder)


@pytest.mark.parametrize("field", ["num_hidden_layers", "hidden_size", "vocab_size"])
def test_a_config_that_asks_for_too_much_is_refused(folder, field):
    config = json.loads((folder / "config.json").read_text()) | {field: 10_000_000}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"larger network|cannot load"):
        load_network(folder)


def test_an_unknown_architecture_is_named(folder):
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "berd"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match='no architecture "berd"'):
        load_network(folder)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_what_is_not_there_is_named(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(UserError, match=str(folder)):
        load_network(folder)


def test_a_folder_without_tokenizer_is_refused(folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UserError, match="tokenizer"):
        tokenizer_of(folder)


def test_names_are_suggested():
    with pytest.raises(UserError, match='did you mean "minilm"'):
        located("minilmm")


def test_a_checkpoint_that_changed_is_another(folder):
    before = digest_of_checkpoint(folder)
    changed(folder, lambda t: t["embeddings.LayerNorm.bias"].fill(0.5))
    assert digest_of_checkpoint(folder) != before


def mutated(content, rng):
    """Bytes changed, cut or doubled at a place."""
    content = bytearray(content)
    place = (
        rng.randrange(len(content)) if rng.random() < 0.5 else rng.randrange(min(400, len(content)))
    )
    match rng.randrange(4):
        case 0:
            content[place] ^= 1 << rng.randrange(8)
        case 1:
            del content[place : place + rng.randrange(1, 64)]
        case 2:
            content[place:place] = content[place : place + rng.randrange(1, 64)]
        case 3:
            content[place : place + 1] = rng.choice([b"9", b"0", b"}", b'"', b"[", b"\x00"])
    return bytes(content)


def test_whatever_is_wrong_is_one_error_of_the_users(checkpoint, tmp_path):
    rng, loaded, refused = random.Random(0), 0, []
    files = ("model.safetensors", "config.json", "tokenizer.json")
    originals = {name: (checkpoint / name).read_bytes() for name in files}
    folder = shutil.copytree(checkpoint, tmp_path / "mutated")
    for number in range(MUTATIONS):
        name = files[number % len(files)]
        (folder / name).write_bytes(mutated(originals[name], rng))
        try:
            if name == "tokenizer.json":
                tokenizer_of(folder)
            else:
                network = load_network(folder)
                assert all(bool(torch.isfinite(p).all()) for p in network.parameters())
            loaded += 1
        except UserError as error:
            refused.append(error.message)
        (folder / name).write_bytes(originals[name])
    assert len(refused) > MUTATIONS / 4
    assert loaded > 0
    assert not [message for message in refused if "\n" in message]
