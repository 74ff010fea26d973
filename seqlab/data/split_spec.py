"""How rows are to be divided, as a user says it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from seqlab.errors import UserError
from seqlab.specs import Spec

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
    "testing": "test",
}
DEFAULT_SHARES = (0.8, 0.1, 0.1)
ACCEPTED = "accepted: shares such as 60/20/20, or two dates such as 2016-07-01,2017-11-01"


class SplitSpec(Spec):
    """How rows are divided.

    shares: of train, valid and test; None: 80/10/10. dates: where valid and test begin and,
    if there is a third, where test ends. folds: 0 for one division. chronological: by time or,
    without times, by the order of the rows.
    """

    shares: tuple[float, float, float] | None = None
    dates: tuple[str, ...] = ()
    folds: int = 0
    chronological: bool = False
    keep_duplicates: bool = False

    @classmethod
    def parse(cls, split: str | None = None, **settings: Any) -> Self:
        """From what a user writes after --split: `60/20/20`, or dates divided by commas."""
        if split is None:
            return cls(**settings)
        if "," in split:
            return cls(**{**settings, "dates": _parse_dates(split), "chronological": True})
        if settings.get("folds"):
            given = f"--folds {settings['folds']} and --split {split}"
            raise UserError(
                f"{given}: folds divide the data themselves",
                "leave one of them out",
            )
        return cls(shares=_parse_shares(split), **settings)


def _parse_shares(split: str) -> tuple[float, float, float]:
    try:
        numbers = [float(part) for part in split.replace(":", "/").split("/")]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or min(numbers) <= 0 or not np.isfinite(numbers).all():
        raise UserError(f'--split: expected three positive shares, got "{split}"', ACCEPTED)
    total = sum(numbers)
    return numbers[0] / total, numbers[1] / total, numbers[2] / total


def _parse_dates(split: str) -> tuple[str, ...]:
    dates = [part.strip() for part in split.split(",")]
    try:
        moments = [pd.to_datetime(date or "nothing") for date in dates]
    except ValueError as error:
        raise UserError(
            f'--split: "{split}" holds something that is not a date', ACCEPTED
        ) from error
    if len(dates) not in (2, 3) or any(np.diff(np.array(moments, "M8[ns]")) <= np.timedelta64(0)):
        raise UserError(
            f'--split: expected two dates in order (a third says where test ends), got "{split}"',
            ACCEPTED,
        )
    return tuple(dates)
