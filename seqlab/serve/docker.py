"""A folder that a container is built from: the model, a Dockerfile and compose.yaml."""

from __future__ import annotations

import re
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from seqlab import __version__
from seqlab.errors import UserError
from seqlab.workbench.predictor import load

FILES = ("Dockerfile", "compose.yaml")
IGNORED = "*\n!model\n"  # of .dockerignore: nothing else is sent to the engine


def write_docker(model: Path, folder: Path) -> list[Path]:
    """Write what `docker build` needs into an empty folder; returns the files."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        said = f"--write-docker {folder}: there is something already"
        raise UserError(said, "name a folder that is not there, or an empty one")
    card = load(model).card  # what cannot be loaded here would not start there either
    best = model / "best"
    source = best if not (model / "best.json").exists() and best.is_dir() else model
    name = str(card["candidate"])
    templates = Environment(  # not HTML: nothing is to be escaped, so names are made harmless
        loader=PackageLoader("seqlab.serve"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    facts = {
        "name": re.sub(r"[^\w .+-]", "_", name),
        "task": card["task"],
        "tag": re.sub(r"[^a-z0-9]+", "-", f"seqlab-{name}-{card['task']}".lower()).strip("-"),
        "version": __version__,
        "extras": "onnx,serve" if (source / "model.onnx").exists() else "serve",
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "torch": ".".join(version("torch").split(".")[:2]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, folder / "model")
    for file in FILES:
        text = templates.get_template(file).render(facts)
        (folder / file).write_text(text, encoding="utf-8")
    (folder / ".dockerignore").write_text(IGNORED, encoding="utf-8")
    return [folder / file for file in FILES]
