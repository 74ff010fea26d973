"""Logits to labels: one of several classes, one of two, or all from one half on."""

from __future__ import annotations

from seqlab.export.usage.usage import Usage, answering
from seqlab.tasks.classifier import Classifier

MANY = """\
def answer(logits):
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return [(know["classes"][row.argmax()], float(row.max())) for row in shares]"""
TWO = """\
def answer(logits):
    share = 1 / (1 + np.exp(-logits[:, 0].astype(float)))
    return [(know["classes"][int(p > 0.5)], float(max(p, 1 - p))) for p in share]"""
SEVERAL = """\
def answer(logits):
    names = np.array(know["classes"], dtype=object)
    return [list(names[row >= 0]) for row in logits]"""


@answering.register
def classes_answer(task: Classifier) -> Usage:
    """Labels with their probabilities; of several labels, those that hold."""
    several = task.target.multi_label
    code = SEVERAL if several else TWO if task.binary else MANY
    facts = {"classes": task.classes, "labels_of_an_example": "several" if several else "one"}
    return Usage(facts, code)
