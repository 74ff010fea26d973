"""Numbers of tags to their names; the network has decoded them already."""

from __future__ import annotations

from seqlab.export.usage.usage import Usage, answering
from seqlab.tasks.tag import Tag

CODE = """\
def answer(tags, probabilities):  # one for each position; those of padding are to be left out
    return [[know["classes"][t] for t in row] for row in tags]"""


@answering.register
def tags_answer(task: Tag) -> Usage:
    """A tag for each position."""
    return Usage({"classes": list(task.classes), "scheme": task.target.scheme}, CODE)
