"""What is too long for a README: the network alone, fed with the arrays that seqlab would make."""

from __future__ import annotations

from seqlab.data.examples import Examples
from seqlab.export.usage.usage import Usage, answering, reading
from seqlab.tasks.base import Task

READ = """\
def read(arrays):  # the inputs by name; seqlab predict makes them of tables
    return dict(arrays)"""
ANSWER = """\
def answer(*outputs):
    return outputs"""


@reading.register
def arrays_reading(part: object, examples: Examples) -> Usage:
    """The inputs as they are."""
    return Usage({"kind": "arrays"}, READ, example='np.load("example_input.npz")')


@answering.register
def arrays_answer(task: Task) -> Usage:
    """The outputs as they are."""
    return Usage({}, ANSWER)
