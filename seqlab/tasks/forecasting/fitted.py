"""What a forecast task has learned from its training part, saved as JSON and arrays."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

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

    @property
    def channels(self) -> int:
        """Targets forecast together."""
        return len(self.layout.targets)

    @property
    def features(self) -> int:
        """Numbers in one patch as a model reads it."""
        own = self.channels if self.joint else 1
        values = (own + len(self.layout.covariates)) * (2 if self.missing else 1)
        return self.geometry.patch * values + 2 * len(self.cycles)

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
        layout = Layout(**_tuples(plain.pop("layout")))
        with np.load(folder / "scales.npz", allow_pickle=False) as stored:
            scales = Scales(stored["mean"], stored["std"], stored["naive"])
        frequency = Frequency(**plain.pop("frequency"))
        geometry = Geometry(**plain.pop("geometry"))
        return cls(layout, frequency, geometry, scales=scales, **_tuples(plain))


def _tuples(plain: dict[str, Any]) -> Any:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in plain.items()}
