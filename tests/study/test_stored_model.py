import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study import stored_model
from seqlab.study.building import build_model
from seqlab.study.recipes import recipes
from seqlab.study.stored_model import load_model, save_weights
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classify import Classify
from tests.reviews import reviews


@pytest.fixture(scope="module")
def task():
    frame = pd.DataFrame(reviews(60), columns=["text", "label"])
    return Classify.prepare(Sources(Table(frame, "reviews")), DataSpec(), 0)[0].task


@pytest.fixture
def stored(task, tmp_path):
    spec = ModelSpec(mixer="gru", width=8, pooling="mean")
    save_weights(build_model(task, spec, seed=3), tmp_path)
    return spec.plain(), tmp_path / "weights.safetensors"


@pytest.mark.parametrize("name", sorted(n for n, r in recipes().items() if not r.tasks))
def test_every_recipe_is_read_back(task, name, tmp_path):
    spec = ModelSpec.read({"width": 16, **recipes()[name].model})
    model = build_model(task, spec, seed=3)
    save_weights(model, tmp_path)
    again = load_model(task, spec.plain(), tmp_path / "weights.safetensors", "best.json")
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], tensor, rtol=0, atol=0)


FOREIGN = "these weights belong to another model than best.json describes"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"width": 16}, FOREIGN),
        ({"width": 10**6}, FOREIGN),
        ({"width": 10**9}, "model.width = 1000000000; accepted: at most 1,048,576"),
        ({"depth": 2}, FOREIGN),
        ({"depth": 10**5}, FOREIGN),
        ({"depth": 10**15}, FOREIGN),
        ({"mlp": 1e12}, FOREIGN),
        ({"embedding_width": 10**9}, FOREIGN),
        ({"vocabulary": 3}, FOREIGN),
        ({"settings": {"nonsense": 1}}, 'best.json: unknown setting of mixer "gru" "nonsense"'),
        ({"mixer": "nonsense"}, 'best.json: unknown mixer "nonsense"'),
        ({"settings": {"nonsense": 10**9}}, "model.nonsense = 1000000000"),
        ({"width": "wide"}, "width = 'wide'"),
    ],
)
def test_settings_are_held_against_the_weights_before_memory_is_spent(
    task, stored, settings, reason, monkeypatch
):
    plain, path = stored
    build = stored_model.build_model

    def on_meta_alone(*given):
        model = build(*given)
        assert all(tensor.is_meta for tensor in model.state_dict().values())
        return model

    monkeypatch.setattr(stored_model, "build_model", on_meta_alone)
    with pytest.raises(UserError) as caught:
        load_model(task, {**plain, **settings}, path, "best.json")
    assert reason in caught.value.message


def test_damaged_weights_say_what_to_do(task, stored):
    plain, path = stored
    content = path.read_bytes()
    for damaged in (content[:100], b"\xff" * 8 + content[8:], np.uint64(2**40).tobytes(), b""):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"weights\.safetensors: damaged \(") as caught:
            load_model(task, plain, path, "best.json")
        assert "run the study's command again" in caught.value.hint
