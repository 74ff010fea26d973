"""Recordings to stacked frames, and scores of characters to texts by their best path."""

from __future__ import annotations

from seqlab.data.examples import Examples
from seqlab.export.usage.padding import NUMBERS
from seqlab.export.usage.usage import Usage, answering, reading
from seqlab.tasks.inputs.frames import Frames
from seqlab.tasks.inputs.vocabulary import SPECIAL_TOKENS
from seqlab.tasks.targets.transcript import BLANK
from seqlab.tasks.transcribe import Transcribe

READ = """\
def frames(x):  # (frames, channels) of one recording, {stack} frames beside each other
    x = np.nan_to_num((np.asarray(x, float) - know["mean"]) / know["std"])
    return np.pad(x, ((0, -len(x) % {stack}), (0, 0))).reshape(-1, {stack} * x.shape[1])

def read(recordings):
    rows = [frames(x) for x in recordings]
    global steps
    steps = [len(row) for row in rows]
""" + NUMBERS.replace("{", "{{").replace("}", "}}")
ANSWER = f"""\
def answer(scores):
    texts = []
    for row, count in zip(scores, steps):
        path = row[:count].argmax(axis=1)  # one character or blank a step
        kept = path[np.append(True, path[1:] != path[:-1]) & (path != {BLANK})]
        texts.append("".join(know["characters"][k] for k in kept))
    return texts"""


@reading.register
def frames_reading(part: Frames, examples: Examples) -> Usage:
    """Arrays (frames, channels)."""
    facts = {"kind": "recordings", "mean": list(part.mean), "std": list(part.std)}
    example = f"[np.random.default_rng(0).normal(size=(40, {len(part.mean)}))]"
    return Usage(facts, READ.format(stack=part.stack), example=example)


@answering.register
def texts_answer(task: Transcribe) -> Usage:
    """The best path; a beam over beginnings is seqlab's alone."""
    special = [""] * BLANK + [""] + ["�"] * (SPECIAL_TOKENS - BLANK - 1)
    return Usage({"characters": [*special, *task.target.vocabulary.pieces]}, ANSWER)
