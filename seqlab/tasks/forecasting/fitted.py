"""What a forecast task has learned from its training part, saved as JSON and arrays."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.data.moments.finding import Moments
from seqlab.outside import read_npz
from seqlab.runs import read_json, write_json
from seqlab.tasks.forecasting.frequency import Frequency
from seqlab.tasks.forecasting.layout import Layout
from seqlab.tasks.forecasting.scaling import Scales
from seqlab.tasks.forecasting.windows import Geometry


@dataclass(frozen=True)
class Fitted:
    """The layout of tables, the grid, the shape of windows and each known series' scales.

    cycles   which calendar cycles are read
    missing  whether the data trained on have missing values, so that models are told of them
    windows  training windows
    strategy, quantiles, residual  as in the options; no quantiles: one number for each step
    static_mean, static_std  of what is the same all along a series, over the series
    """

    layout: Layout
    frequency: Frequency
    geometry: Geometry
    series: tuple[str, ...]
    scales: Scales
    metrics: tuple[str, ...]
    cycles: tuple[str, ...] = ()
    missing: bool = False
    instance_norm: bool = True
    joint: bool = False
    windows: int = 1
    strategy: str = "direct"
    quantiles: tuple[float, ...] = ()
    static_mean: tuple[float, ...] = ()
    static_std: tuple[float, ...] = ()
    residual: str | None = None

    @property
    def channels(self) -> int:
        """Targets forecast together."""
        return len(self.layout.targets)

    @property
    def past_width(self) -> int:
        """Numbers of a step that end with the present: targets, and inputs not known ahead."""
        return self.channels + len(self.layout.past_inputs)

    @property
    def stretch(self) -> int:
        """Steps that a model forecasts at once."""
        geometry = self.geometry
        if self.strategy == "recursive":
            return min(geometry.patch, geometry.horizon)
        return geometry.horizon

    @property
    def positions_ahead(self) -> int:
        """Patches after the look-back that a model reads: what is known of the time to come."""
        if not self.layout.known and self.strategy != "encoder-decoder":
            return 0
        return -(-self.stretch // self.geometry.patch)

    @property
    def positions(self) -> int:
        """Positions of a model's sequences."""
        return self.geometry.positions + self.positions_ahead

    @property
    def features(self) -> int:
        """Numbers in one position as a model reads it."""
        own = self.channels if self.joint else 1
        layout = self.layout
        values = own + len(layout.past_inputs) + len(layout.known_inputs)
        values *= 2 if self.missing else 1
        constant = 2 * len(self.cycles) + len(layout.static_inputs) + bool(self.positions_ahead)
        return self.geometry.patch * values + constant

    @property
    def outputs(self) -> int:
        """Numbers that a head gives: for each step, channel and quantile; of all the steps at
        once, or at each patch of the horizon where those are read too.
        """
        steps = self.geometry.patch if self.positions_ahead else self.stretch
        own = self.channels if self.joint else 1
        return steps * own * max(1, len(self.quantiles))

    def save(self, folder: Path) -> None:
        """Write `forecast.json` and `scales.npz`."""
        plain: dict[str, Any] = {
            name: value for name, value in vars(self).items() if name != "scales"
        }
        plain |= {name: asdict(plain[name]) for name in ("layout", "frequency", "geometry")}
        write_json(folder / "forecast.json", plain)
        np.savez(folder / "scales.npz", allow_pickle=False, **vars(self.scales))

    @classmethod
    def load(cls, folder: Path) -> Fitted:
        """Read what `save` wrote."""
        plain = read_json(folder / "forecast.json")
        layout = plain.pop("layout")
        words = tuple((name, tuple(held)) for name, held in layout.pop("categories", ()))
        moments = layout.pop("moments", None)
        layout = Layout(
            categories=words,
            moments=None if moments is None else Moments.from_plain(moments),
            **_tuples(layout),
        )
        stored = read_npz(folder / "scales.npz")
        scales = Scales(stored["mean"], stored["std"], stored["naive"])
        frequency = Frequency(**plain.pop("frequency"))
        geometry = Geometry(**plain.pop("geometry"))
        return cls(layout, frequency, geometry, scales=scales, **_tuples(plain))


def _tuples(plain: dict[str, Any]) -> Any:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in plain.items()}
