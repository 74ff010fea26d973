"""Untrained models of sample data, and an exported folder that tests only read."""

import shutil

import numpy as np
import pytest
import torch

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

from seqlab import registry
from seqlab.specs import ModelSpec
from seqlab.study.recipes import recipes
from seqlab.tasks.base import DataSpec, Sources
from seqlab.workbench.exporting import export


def prepared(task, rows=120, **spec):
    """The sample of a task, prepared."""
    kind = registry.load("tasks", task)
    return kind.prepare(Sources(kind.sample(rows, 0)), DataSpec(**spec), 0)[0]


def untrained(task, recipe, noise=0.05, **fields):
    """A model of a recipe whose weights are moved from where they begin, so that all matter."""
    spec = {"width": 16, **recipes()[recipe].model, **fields}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = task.model(ModelSpec(**spec)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += noise * torch.randn_like(parameter)
    return model


@pytest.fixture(scope="session")
def exported(finished, tmp_path_factory):
    """The winner of the finished study as a folder."""
    return export(
        finished / "best", tmp_path_factory.mktemp("exported") / "model", step=True, int8=True
    )


@pytest.fixture
def exported_copy(exported, tmp_path):
    """An exported folder that a test may change."""
    return shutil.copytree(exported, tmp_path / "model")


@pytest.fixture
def rng():
    return np.random.default_rng(0)
