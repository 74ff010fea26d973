"""Handwritten digits, as every installation of scikit-learn holds them.

E. Alpaydin and C. Kaynak (1998). Cascading classifiers. Kybernetika 34 (UCI Machine Learning
Repository: Optical Recognition of Handwritten Digits).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqlab.data.embedded.entry import EmbeddedData
from seqlab.data.ts_format import series_column


def _digits(members: dict[str, bytes]) -> pd.DataFrame:
    from sklearn.datasets import load_digits

    held = load_digits()
    images = [image.astype(np.uint8) for image in held.images]
    return pd.DataFrame({"image": series_column(images), "label": held.target.astype(str)})


ENTRIES = (
    EmbeddedData(
        name="digits",
        task="images",
        summary="handwritten digits, images of 8×8 with 17 levels of grey",
        licence="CC BY 4.0",
        rows=1797,
        build=_digits,
    ),
)
