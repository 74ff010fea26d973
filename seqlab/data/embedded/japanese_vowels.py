"""Two vowels by nine speakers, from the wheel of aeon.

M. Kudo, J. Toyama and M. Shimbo (1999). Multidimensional curve classification using
passing-through regions. Pattern Recognition Letters 20.
"""

from __future__ import annotations

import pandas as pd

from seqlab.data.embedded.entry import EmbeddedData
from seqlab.data.packages import Archive
from seqlab.data.ts_format import read_ts

_FOLDER = "aeon/datasets/data/JapaneseVowels/"
_TRAIN, _TEST = _FOLDER + "JapaneseVowels_TRAIN.ts", _FOLDER + "JapaneseVowels_TEST.ts"


def _build(members: dict[str, bytes]) -> pd.DataFrame:
    frames = []
    for part, member in (("train", _TRAIN), ("test", _TEST)):
        table = read_ts(members[member], "japanese-vowels")
        assert table is not None
        frames.append(table.frame.assign(split=part))
    return pd.concat(frames, ignore_index=True)


ENTRIES = (
    EmbeddedData(
        name="japanese-vowels",
        task="series",
        summary="two vowels in a row by nine speakers, 12 coefficients over 7-29 steps",
        licence="CC BY 4.0",
        rows=640,
        build=_build,
        archive=Archive(
            package="aeon",
            version="1.6.0",
            sdist=False,
            sha256="d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
            members={
                _TRAIN: "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
                _TEST: "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
            },
            megabytes=6.4,
        ),
    ),
)
