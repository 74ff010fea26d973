"""The usages of all parts that have one, registered by importing their files."""

from __future__ import annotations

from seqlab.export.usage import classes, text
from seqlab.export.usage.usage import Usage, answering, reading

PARTS = (classes, text)

__all__ = ["PARTS", "Usage", "answering", "reading"]
