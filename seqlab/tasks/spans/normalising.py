"""Answers as SQuAD compares them: case, articles, punctuation and spacing do not count.

Rajpurkar et al. (2016), "SQuAD: 100,000+ Questions for Machine Comprehension of Text".
"""

from __future__ import annotations

import re
import string

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_MARKS = str.maketrans("", "", string.punctuation)


def normalised(answer: str) -> str:
    """An answer in lower case without punctuation, articles and spare spaces."""
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_MARKS)).split())
