"""A trained folder of every kind of contestant, made of small data without a study's training."""

import importlib.util

from seqlab import registry
from seqlab.baselines.storage import save_baseline
from seqlab.data.sources import read_table
from seqlab.runs import Run
from seqlab.specs import ModelSpec
from seqlab.study.best import write_best
from seqlab.study.building import build_model
from seqlab.study.prepared_folder import save_prepared
from seqlab.study.stored_model import save_weights
from seqlab.tasks.base import DataSpec, Sources

MODEL = ModelSpec(mixer="gru", width=8, pooling="mean")
DATA = {  # the file of `data_files` that a task is trained on
    "classify": "texts.csv",
    "regress": "numbers.csv",
    "tag": "tagged.jsonl",
    "series": "series.npz",
    "images": "images.npz",
    "forecast": "series.csv",
    "language": "running.txt",
    "translate": "pairs.csv",
    "transcribe": "spoken.jsonl",
    "span": "questions.json",
}
SETTINGS = {  # byte pairs too are stored
    "classify": {"tokenizer": "bpe", "vocabulary": 300},
    "language": {"tokenizer": "bpe", "vocabulary": 300, "options": {"block": 32}},
}


def write_trained(folder, data, tasks=tuple(DATA), baselines=True):
    """(name, best/ folder, data to predict) of a network and all baselines of every task."""
    made = []
    for task, file in ((task, DATA[task]) for task in tasks):
        prepared = _prepared(task, data / file, SETTINGS.get(task, {}))
        place = folder / task / "prepared"
        save_prepared(prepared, place, "digest")
        names = [n for n in registry.names("baselines") if _enters(n, prepared.task)]
        for name in ("gru", *(names if baselines else ())):
            study = folder / task / name
            made.append((f"{task}/{name}", _best(prepared, place, study, name), data / file))
    return made


def _prepared(task, path, settings):
    sources = Sources(read_table(path))
    return registry.load("tasks", task).prepare(sources, DataSpec.read(settings, "data"), 0)[0]


def _enters(name, task):
    card = registry.card("baselines", name)
    needs = card.get("needs")
    if task.name not in card["tasks"] or (needs and importlib.util.find_spec(needs) is None):
        return False
    return registry.load("baselines", name).enters(task)


def _best(prepared, place, study, name):
    run = study / "runs" / name
    run.mkdir(parents=True)
    spec = MODEL.with_(**{"pooling": "mean", **prepared.task.model_defaults})
    if name == "gru":
        save_weights(build_model(prepared.task, spec), run)
    else:
        baseline = registry.load("baselines", name)()
        save_baseline(baseline.fit(prepared.task, prepared.train, prepared.valid, 0), run)
    result = {
        "candidate": name,
        "kind": "model" if name == "gru" else "baseline",
        "settings": {"model": spec.plain(), "train": {}},
        "seed": 0,
        "valid": 0.5,
    }
    return write_best(study, Run(run, result), place, prepared.task.name, {})
