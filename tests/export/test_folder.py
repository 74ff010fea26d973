"""The exported folder: complete, checked, usable by its README alone, refused when changed."""

import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.batch import Context
from seqlab.cli import run
from seqlab.errors import UserError
from seqlab.specs import Origin
from seqlab.workbench.exporting import export
from seqlab.workbench.predictor import load


def code_of(folder, number=0):
    """A listing of a folder's README."""
    return re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)[number]


def test_a_folder_holds_what_its_readers_need(exported):
    names = {path.name for path in exported.iterdir()}
    assert names == {
        *("model.onnx", "preprocess.json", "card.json", "README.md", "task"),
        *("example_input.npz", "example_output.npz", "step.onnx", "initial_state.npz"),
    }
    card = json.loads((exported / "card.json").read_text())
    assert card["opset"] == 20
    assert len(card["parity"]) >= 18
    assert set(card["versions"]) >= {"torch", "onnxruntime"}


def test_a_file_says_nothing_of_the_machine_that_wrote_it(exported):
    assert b".py" not in (exported / "model.onnx").read_bytes()


def test_the_examples_are_what_the_network_answers(exported):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(exported / "model.onnx"))
    given = dict(np.load(exported / "example_input.npz"))
    wanted = np.load(exported / "example_output.npz")["outputs"]
    assert np.abs(session.run(None, given)[0] - wanted).max() < 1e-5


def test_the_readme_answers_as_the_model_does(exported, finished, small_csv):
    """In a process of its own, in which neither torch nor seqlab can be imported."""
    texts = pd.read_csv(small_csv)["text"].tolist()
    barred = "import sys\nsys.modules['torch'] = sys.modules['seqlab'] = None\n"
    code = code_of(exported).rpartition("print(")[0]
    code += f"print(json.dumps(predict({texts!r})))"
    done = subprocess.run(
        [sys.executable, "-c", barred + code], cwd=exported, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    wanted = load(finished / "best").predict(small_csv)
    labels, probabilities = zip(*json.loads(done.stdout), strict=True)
    assert list(labels) == wanted["predicted"].tolist()
    assert np.abs(np.array(probabilities) - wanted["probability"]).max() < 1e-6
    assert np.ptp(probabilities) > 1e-4


def test_a_folder_predicts_as_its_model_does(exported, finished, small_csv):
    ours, wanted = (load(path).predict(small_csv) for path in (exported, finished / "best"))
    assert ours["predicted"].tolist() == wanted["predicted"].tolist()
    assert np.abs(ours["probability"] - wanted["probability"]).max() < 1e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "model.onnx").unlink(), "no such file"),
        (lambda f: (f / "model.onnx").write_bytes(b"ONNX"), "its checksum differs"),
        (lambda f: change_card(f, network="../model.onnx"), "is no file of this folder"),
        (lambda f: change_card(f, network="card.json"), "is no file of this folder"),
        (lambda f: change_card(f, format=99), "made by a newer seqlab"),
        (lambda f: change_card(f, task="nonsense"), "unknown"),
        (lambda f: (f / "card.json").write_text("{}"), "damaged"),
        (lambda f: shutil.rmtree(f / "task"), "no such file"),
    ],
)
def test_a_changed_folder_is_refused(exported_copy, change, message):
    change(exported_copy)
    with pytest.raises(UserError, match=message):
        load(exported_copy)


def change_card(folder, **fields):
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, **fields}))


def test_the_readme_s_stream_answers_as_the_model_does(exported, finished):
    code = code_of(exported, 1).rpartition("for _")[0]
    tokens = [2, 5, 1, 7, 3]
    code += f"for token in {tokens}:\n    last = answer_to(np.array([[token]]))\nprint(last[0, 0])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=exported, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    model = load(finished / "best").contestant.eval()
    with torch.inference_mode():
        wanted = model(torch.tensor([tokens]), Context())
    assert abs(float(done.stdout) - float(wanted)) < 1e-5


def test_eight_bits_that_save_nothing_are_not_kept(exported):
    card = json.loads((exported / "card.json").read_text())
    assert card["network"] == "model.onnx"
    assert not card["int8"]["kept"]
    assert card["int8"]["difference"][1] <= 0 <= card["int8"]["difference"][2]
    assert set(card["int8"]["latency"]) == {"float32", "int8"}


def change_network(folder, change):
    """The network changed, with a checksum that fits."""
    import hashlib

    import onnx

    model = onnx.load(str(folder / "model.onnx"))
    change(model)
    content = model.SerializeToString()
    (folder / "model.onnx").write_bytes(content)
    change_card(folder, sha256={"model.onnx": hashlib.sha256(content).hexdigest()})


def test_weights_in_other_files_are_refused(exported_copy):
    def outside(model):
        tensor = model.graph.initializer[0]
        tensor.data_location = 1
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "../../secret"

    change_network(exported_copy, outside)
    with pytest.raises(UserError, match="lies in another file"):
        load(exported_copy)


def test_what_is_not_onnx_is_refused(exported_copy):
    import hashlib

    (exported_copy / "model.onnx").write_bytes(b"\xff" * 64)
    change_card(exported_copy, sha256={"model.onnx": hashlib.sha256(b"\xff" * 64).hexdigest()})
    with pytest.raises(UserError, match="not an ONNX file"):
        load(exported_copy)


def test_a_linked_network_is_refused(exported_copy, exported):
    (exported_copy / "model.onnx").unlink()
    (exported_copy / "model.onnx").symlink_to(exported / "model.onnx")
    with pytest.raises(UserError, match="a link"):
        load(exported_copy)


@pytest.mark.slow
def test_nothing_is_left_where_the_file_is_refused(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("seqlab.export.parity.TOLERANCE", -1.0)
    with pytest.raises(UserError, match="nothing was written"):
        export(finished / "best", tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_a_folder_that_could_not_be_finished(finished, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seqlab.export.write.convert", lambda *_: SimpleNamespace(content=b""))
    monkeypatch.setattr("seqlab.export.write._write_example", full)
    with pytest.raises(OSError, match="No space"):
        export(finished / "best", tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_place_that_holds_something_is_refused(finished, exported, capsys):
    assert run(["export", str(finished / "best"), "-o", str(exported)]) != 0
    assert "the folder is not empty" in capsys.readouterr().err


def test_a_best_folder_without_its_study_is_refused(finished, tmp_path, capsys):
    best = shutil.copytree(finished / "best", tmp_path / "best")
    assert run(["export", str(best), "-o", str(tmp_path / "model")]) != 0
    assert "whose test rows" in capsys.readouterr().err


def test_a_network_of_other_code_is_refused(study_folder, tmp_path, monkeypatch):
    predictor = load(study_folder / "best")
    origin = Origin(kind="code", name="mine.py:build", content="0")
    predictor.contestant.spec = predictor.contestant.spec.with_(origin=origin)
    monkeypatch.setattr("seqlab.workbench.exporting.load", lambda _: predictor)
    with pytest.raises(UserError, match=r"comes from mine.py:build; exported are networks"):
        export(study_folder / "best", tmp_path / "model")


def test_a_baseline_is_refused(finished, tmp_path, monkeypatch):
    predictor = load(finished / "best")
    predictor.card = {**predictor.card, "kind": "baseline"}
    predictor.contestant = object()
    monkeypatch.setattr("seqlab.workbench.exporting.load", lambda _: predictor)
    with pytest.raises(UserError, match="is a baseline; only networks are exported"):
        export(finished / "best", tmp_path / "model")


def test_an_exported_folder_is_not_exported_again(exported, tmp_path):
    with pytest.raises(UserError, match="is exported already"):
        export(exported, tmp_path / "model")
