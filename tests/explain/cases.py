"""Small contestants: models with the weights of their seeds, and baselines fitted on reviews."""

import numpy as np
import pandas as pd
import torch

from seqlab import registry
from seqlab.data.table import Table
from seqlab.explain.case import case_of
from seqlab.explain.subject import Subject
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from tests.reviews import reviews

RECIPES = {
    "gru": {"mixer": "gru", "pooling": "last"},
    "lstm": {"mixer": "lstm", "pooling": "mean"},
    "attention": {
        "mixer": "attention",
        "settings": {"heads": 2},
        "positions": "sinusoidal",
        "norm": "pre",
        "residual": True,
        "mlp": 2.0,
        "pooling": "mean",
    },
}


def prepared(rows=120, task="classify", frame=None, **settings):
    """A fitted task with its parts."""
    if frame is None:
        frame = pd.DataFrame(reviews(rows), columns=["text", "label"])
    kind = registry.load("tasks", task)
    return kind.prepare(Sources(Table(frame, "data")), DataSpec(**settings), 0)[0]


def network(task, recipe, seed=0, width=8, depth=1, exact=True, **more):
    """A model with the weights of its seed, in evaluation; `exact`: in float64."""
    spec = ModelSpec.read({**RECIPES[recipe], "width": width, "depth": depth, **more})
    model = build_model(task, spec, seed).eval()
    model = model.double() if exact else model
    with torch.no_grad():
        for parameter in model.parameters():  # far from zero, so that answers differ
            parameter.mul_(3.0)
    return model


def subject(task, recipe, **more):
    model = network(task, recipe, **more)
    return Subject(recipe, task, model, lambda examples: predict_all(task, model, examples))


def baseline(name, made):
    fitted = registry.load("baselines", name)().fit(made.task, made.train, made.valid, 0)
    return Subject(name, made.task, fitted, lambda examples: fitted.predict(made.task, examples))


def network_case(recipe, made, count=6, **more):
    return case_of(subject(made.task, recipe, **more), made.test.take(np.arange(count)), made.train)
