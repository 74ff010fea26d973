"""What a method says of some examples: a number for each unit and each of an answer's scores."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.explain.questions.base import Question
from seqlab.explain.units.base import Units

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Attribution:
    """values: of each example (K, units).

    signed: whether a number below 0 speaks against the answer; shares of attention never do.
    facts: what is known of how good it is, such as the largest error of completeness.
    """

    method: str
    values: list[Array]
    signed: bool = True
    facts: dict[str, float] = field(default_factory=dict)

    def frame(self, units: Units, question: Question) -> pd.DataFrame:
        """A row for each unit, score and example: row, method, answer, place, unit, value."""
        parts = []
        for row, values in enumerate(self.values):
            names, answers = units.names(row), question.names(row)
            for answer, own in zip(answers, values, strict=False):
                if answer:
                    parts.append(
                        pd.DataFrame(
                            {
                                "row": row,
                                "method": self.method,
                                "answer": answer,
                                "place": np.arange(len(names)),
                                "unit": names,
                                "value": own[: len(names)],
                            }
                        )
                    )
        columns = ["row", "method", "answer", "place", "unit", "value"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
