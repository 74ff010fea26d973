"""A thousand rows in an environment that has neither torch nor seqlab, by the README alone."""

import json
import subprocess
import sys
import venv

import pytest
import torch

from seqlab import registry
from seqlab.data.table import Table
from seqlab.export.write import Source, export_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from tests.export.conftest import untrained
from tests.export.test_folder import code_of
from tests.reviews import reviews

pytestmark = pytest.mark.slow
ROWS = 1000
PACKAGES = ("numpy", "onnxruntime", "tokenizers")


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """The interpreter of an environment with what the README names."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", *PACKAGES], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"packages cannot be installed here: {done.stderr.strip()[-200:]}")
    return python


@pytest.mark.parametrize("recipe", ["gru", "bilstm", "transformer", "mamba"])
def test_labels_of_a_thousand_rows_are_all_equal(bare_python, tmp_path, recipe):
    import pandas as pd

    kind = registry.load("tasks", "classify")
    table = Table(pd.DataFrame(reviews(ROWS), columns=["text", "label"]), "reviews")
    prepared = kind.prepare(Sources(table), DataSpec(), 0)[0]
    model = untrained(prepared.task, recipe, noise=0.2)
    with torch.no_grad():
        examples = prepared.task.encode(table)
        wanted = predict_all(prepared.task, model, examples)
    source = Source(prepared.task, model, {"candidate": recipe, "task": "classify"}, prepared.test)
    folder = export_model(source, tmp_path / "m")
    (folder / "texts.json").write_text(json.dumps(table.frame["text"].tolist()))
    code = code_of(folder).rpartition("print(")[0]
    code += 'print(json.dumps([label for label, _ in predict(json.load(open("texts.json")))]))'
    bars = (
        "import importlib.util as u\nassert not (u.find_spec('torch') or u.find_spec('seqlab'))\n"
    )
    done = subprocess.run(
        [bare_python, "-c", bars + code], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    labels = prepared.task.target.present(wanted, examples)["predicted"].tolist()
    assert len(labels) == ROWS
    assert len(set(labels)) == 2
    assert json.loads(done.stdout) == labels
