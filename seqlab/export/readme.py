"""The README of an exported folder: what it holds, and Python that uses it without seqlab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqlab.export.usage.usage import Usage

PAGE = """\
# {title}

{network}, trained with seqlab {version} on the task {task}. It runs on ONNX Runtime, without
PyTorch and without seqlab:

    pip install {packages}

```python
{code}
```

Run it in this folder. `predict` takes as many examples at once as you give it.

| file | what |
|---|---|
{files}

`example_input.npz` holds inputs of the network and `example_output.npz` what it must answer to
them: a new runtime is right if it does, to {tolerance:g}. These are rows of the study's test part.
"""

FILES = {
    "model.onnx": "the network, ONNX opset {opset}: {inputs} → {outputs}",
    "model.int8.onnx": "the same with 8-bit weights",
    "step.onnx": "the network one position at a time, with its state going in and out",
    "model.pt2": "the network as PyTorch's own program; its kernels need seqlab installed",
    "preprocess.json": "what comes before and after the network, as data",
    "task/": "the same and the tokenizer as seqlab reads it: `seqlab predict` takes this folder",
    "card.json": "checksums, versions, scores, and how far the file agrees with the model",
}


def code_of(read: Usage, answer: Usage, network: str = "model.onnx") -> str:
    """The Python of the README, which ends by printing an answer."""
    lines = ["import json", "", "import numpy as np", "import onnxruntime"]
    lines += [*read.imports, *answer.imports, ""]
    lines += ['know = json.load(open("preprocess.json", encoding="utf-8"))']
    lines += [f'session = onnxruntime.InferenceSession("{network}")']
    lines += [part for part in (read.setup, answer.setup) if part]
    lines += ["", read.code, "", answer.code, "", "def predict(raw):"]
    lines += [
        "    return answer(*session.run(None, read(raw)))",
        "",
        f"print(predict({read.example}))",
    ]
    return "\n".join(lines)


def readme(card: Mapping[str, Any], code: str, packages: tuple[str, ...], names: list[str]) -> str:
    """The whole page. `names`: the files that are there."""
    facts = {
        "opset": card["opset"],
        "inputs": ", ".join(f"`{one['name']}` {one['shape']}" for one in card["inputs"]),
        "outputs": ", ".join(f"`{one['name']}` {one['shape']}" for one in card["outputs"]),
    }
    known = {name: text for name, text in FILES.items() if name in names}
    return PAGE.format(
        title=f"{card['candidate']} for {card['task']}",
        network=f"The network `{card['candidate']}`",
        version=card["seqlab_version"],
        task=card["task"],
        packages=" ".join(["numpy", "onnxruntime", *packages]),
        code=code,
        files="\n".join(f"| `{name}` | {text.format(**facts)} |" for name, text in known.items()),
        tolerance=card["tolerance"],
    )
