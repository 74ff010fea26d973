"""The usages of all parts that have one, registered by importing their files."""

from __future__ import annotations

from seqlab.export.usage import (
    arrays,
    classes,
    images,
    numbers,
    recordings,
    series,
    tags,
    text,
    tokens,
)
from seqlab.export.usage.usage import Usage, answering, reading, reading_of

REGISTERED = (arrays, classes, images, numbers, recordings, series, tags, text, tokens)

__all__ = ["REGISTERED", "Usage", "answering", "reading", "reading_of"]
