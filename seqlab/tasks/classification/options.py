"""Settings of classify: how many labels an example has, and how long documents are read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seqlab.errors import UserError
from seqlab.tasks.classification.label_sets import LISTS
from seqlab.tasks.texts.reading import TextOptions


class Options(TextOptions):
    """labels: None: told from the data. delimiter: what divides several labels in one cell."""

    labels: Literal["one", "several"] | None = None
    delimiter: str | None = Field(None, min_length=1)

    def form(self, found: str, columns: list[str], origin: str) -> str:
        """How an example holds several labels, or nothing where it has one."""
        if self.labels == "one":
            if len(columns) > 1:
                raise UserError(
                    f'options.labels = "one": {len(columns)} columns of labels are named',
                    "name one, or leave options.labels out",
                )
            return ""
        if self.delimiter is not None and found != LISTS and len(columns) == 1:
            return self.delimiter
        if self.labels == "several" and not found:
            raise UserError(
                f'"{origin}" column "{columns[0]}": no cell holds several labels',
                "say what divides them: --set options.delimiter=,",
            )
        return found
