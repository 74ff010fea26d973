"""The settings of tagging alone: `--set options.NAME=VALUE`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seqlab.specs import Spec


class Options(Spec):
    """How tags are scored and how words are read.

    crf: a linear chain over the tags, trained with the model. scheme: span tags are rewritten so
    before training; None: as they are. spelling: what a model reads of a word besides its number:
    prefixes, suffixes and shape, its BPE pieces, or nothing. min_count: rarer words have no number
    of their own. tag_names: what tags that are numbers stand for, from 0 on: O,B-PER,I-PER.
    """

    crf: bool = False
    scheme: Literal["iob1", "iob2", "bioes"] | None = None
    spelling: Literal["affixes", "bpe", "none"] = "affixes"
    min_count: int = Field(2, ge=1)
    tag_names: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The names that were given."""
        return tuple(name.strip() for name in (self.tag_names or "").split(",") if name.strip())
