"""Settings of span: contexts without an answer, and how long an answer may be."""

from __future__ import annotations

from pydantic import Field

from seqlab.specs import Spec


class Options(Spec):
    """unanswerable: whether a context may hold no answer (None: if the data has empty lists of
    answers, as in SQuAD 2). longest_answer: in tokens; None: the longest of the training part.
    """

    unanswerable: bool | None = None
    longest_answer: int | None = Field(None, ge=1)
