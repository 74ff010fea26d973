"""Shoulder exercises by a watch on the wrist, from the sdist of seglearn.

D. Burns et al. (2018). Shoulder physiotherapy exercise recognition: machine learning the inertial
signals from a smartwatch. Physiological Measurement 39.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib import format as npy

from seqlab.data.embedded.entry import EmbeddedData
from seqlab.data.packages import Archive
from seqlab.data.ts_format import series_column

_MEMBER = "seglearn-1.2.5/seglearn/data/watch_dataset.npy"
_ARRAYS = {"_reconstruct", "scalar", "ndarray", "dtype", "_frombuffer"}


class _ArraysOnly(pickle.Unpickler):
    """The file is a pickled dictionary of arrays: nothing but arrays is made from it."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):  # how Python 2's bytes are written
            return super().find_class(module, name)
        if module.partition(".")[0] != "numpy" or name not in _ARRAYS:
            raise pickle.UnpicklingError(f"{module}.{name} is no array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _build(members: dict[str, bytes]) -> pd.DataFrame:
    file = io.BytesIO(members[_MEMBER])
    assert npy.read_magic(file) == (1, 0)
    npy.read_array_header_1_0(file)
    held = _ArraysOnly(file, encoding="latin1").load().item()
    names = np.asarray(held["y_labels"]).astype(str)
    return pd.DataFrame(
        {
            "series": series_column([np.asarray(x, dtype=np.float32) for x in held["X"]]),
            "label": names[np.asarray(held["y"], dtype=int)].astype(object),
            "subject": np.asarray(held["subject"], dtype=int),
        }
    )


ENTRIES = (
    EmbeddedData(
        name="watch-exercises",
        task="series",
        summary="seven shoulder exercises by ten people, a watch's 6 channels at 50 Hz",
        licence="BSD-3-Clause",
        rows=140,
        build=_build,
        archive=Archive(
            package="seglearn",
            version="1.2.5",
            sdist=True,
            sha256="90c45b5ced6bac355016c768cb405835815c51ef794c24b4f727d0c7855266c8",
            members={_MEMBER: "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"},
            megabytes=11.5,
        ),
        notes=("ten people did the exercises: divide by them with --group subject",),
    ),
)
