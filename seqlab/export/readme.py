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
{streaming}
| file | what |
|---|---|
{files}

`example_input.npz` holds inputs of the network and `example_output.npz` what it must answer to
them: a new runtime is right if it does, to {tolerance:g}. These are rows of the study's test part.
"""

STREAMING = """
## One position at a time

`step.onnx` answers after each {x} as the network would after all of them so far. Each
client keeps a state of its own; `initial_state.npz` begins one.

```python
import numpy as np
import onnxruntime

step = onnxruntime.InferenceSession("step.onnx")
state = dict(np.load("initial_state.npz")){begin}

def answer_to(x):  # (1, 1) or (1, 1, features): one more position of what `read` gives
    global state{count}
    outputs, *after = step.run(None, {{"x": x{place}, **state}})
    state = dict(zip(state, after)){next}
    return outputs

for _ in range(3):
    print(answer_to({zeros}))
```
"""

FILES = {
    "model.onnx": "the network, ONNX opset {opset}: {inputs} → {outputs}",
    "model.int8.onnx": "the same with 8-bit weights",
    "step.onnx": "the network one position at a time: `state_0` goes in, `next_state_0` comes out",
    "initial_state.npz": "the state before the first position",
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


def readme(card: Mapping[str, Any], read: Usage, answer: Usage, names: list[str]) -> str:
    """The whole page. `names`: the files that are there."""
    facts = {
        "opset": card["opset"],
        "inputs": ", ".join(f"`{one['name']}` {one['shape']}" for one in card["inputs"]),
        "outputs": ", ".join(f"`{one['name']}` {one['shape']}" for one in card["outputs"]),
    }
    known = {name: text for name, text in FILES.items() if name in names}
    packages = ["numpy", "onnxruntime", *read.packages, *answer.packages]
    return PAGE.format(
        title=f"{card['candidate']} for {card['task']}",
        network=f"The network `{card['candidate']}`",
        version=card["seqlab_version"],
        task=card["task"],
        packages=" ".join(packages),
        code=code_of(read, answer, card["network"]),
        streaming=STREAMING.format(**_stepping(card)) if "step" in card else "",
        files="\n".join(f"| `{name}` | {text.format(**facts)} |" for name, text in known.items()),
        tolerance=card["tolerance"],
    )


def _stepping(card: Mapping[str, Any]) -> dict[str, str]:
    """What a stream is fed with: one position of what the network reads."""
    element, _, shape = card["inputs"][0]["shape"].partition(" (")
    sizes = shape.rstrip(")").split(", ")[2:]
    counted = card["step"]["position"]
    fill = "ones" if element == "int64" else "zeros"
    return {
        "zeros": f"np.{fill}((1, {', '.join(['1', *sizes])}), np.{element})",
        "x": "token id" if element == "int64" else "position's values",
        "count": ", position" if counted else "",
        "begin": "\nposition = np.array(0)" if counted else "",
        "place": ', "position": position' if counted else "",
        "next": "\n    position = position + 1" if counted else "",
    }
