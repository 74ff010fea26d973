"""What only forecasts can be told: the strategy, and which quantiles to forecast."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import field_validator

from seqlab.errors import UserError, unknown
from seqlab.specs import Spec

STRATEGIES = ("direct", "recursive", "encoder-decoder")
MEDIAN_LEVEL = 0.5  # always among the quantiles: it is the forecast itself


class ForecastOptions(Spec):
    """strategy   direct: all steps at once; recursive: a patch at a time, rolled forward;
                  encoder-decoder: a decoder's query for each patch of the horizon
    quantiles  probabilities such as 0.1, 0.9
    intervals  percentages such as 80, each two quantiles
    residual   the forecast to which a model's outputs are added; None: to none
    day_first  whether 1/2/2016 is in February; None: as the whole column suggests
    time_format  how moments are written, such as %d.%m.%Y %H:%M; None: as the cells show
    """

    strategy: str = "direct"
    quantiles: tuple[float, ...] = ()
    intervals: tuple[float, ...] = ()
    residual: Literal["last-value", "seasonal-naive"] | None = None
    day_first: bool | None = None
    time_format: str | None = None

    @field_validator("quantiles", "intervals", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """One number, a list, or numbers divided by commas, as a command line has them."""
        if isinstance(value, str):
            return tuple(part for part in re.split(r"[,\s]+", value.strip("[] ")) if part)
        return (value,) if isinstance(value, int | float) else value

    @property
    def levels(self) -> tuple[float, ...]:
        """All quantiles in order, the middle among them; () where none was asked for."""
        ends = [(1 + sign * share / 100) / 2 for share in self.intervals for sign in (-1, 1)]
        asked = [*self.quantiles, *ends]
        return tuple(sorted({round(level, 6) for level in [*asked, MEDIAN_LEVEL]})) if asked else ()


def read_options(values: dict[str, Any]) -> ForecastOptions:
    """Options from plain data, each checked."""
    options = ForecastOptions.read(values, "options")
    if options.strategy not in STRATEGIES:
        raise unknown("options.strategy", options.strategy, STRATEGIES)
    for level in options.quantiles:
        if not 0 < level < 1:
            raise UserError(
                f"options.quantiles: {level:g} does not lie between 0 and 1",
                "expected probabilities such as 0.1,0.5,0.9",
            )
    for share in options.intervals:
        if not 0 < share < 100:
            raise UserError(
                f"options.intervals: {share:g} does not lie between 0 and 100",
                "expected percentages such as 80 or 80,95",
            )
    if options.levels and options.strategy == "recursive":
        raise UserError(
            "options.strategy = recursive: the quantiles of one patch say nothing of those that"
            " follow on it",
            "for quantiles choose direct or encoder-decoder",
        )
    return options
