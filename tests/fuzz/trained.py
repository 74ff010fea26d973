"""A trained folder of every kind of contestant, small and made without a study."""

import numpy as np
import pandas as pd

from seqlab import registry
from seqlab.baselines.storage import save_baseline
from seqlab.data.table import Table
from seqlab.runs import Run, write_json
from seqlab.specs import ModelSpec
from seqlab.study.best import write_best
from seqlab.study.recipes import missing_extra
from seqlab.study.work import build_model, save_prepared, save_weights
from seqlab.tasks.base import DataSpec, Sources
from tests.reviews import reviews
from tests.tones import recordings
from tests.translations import frame

SMALL = ModelSpec(mixer="gru", width=8, pooling="mean")


def tables():
    """Raw data of each task: what to train on."""
    rng = np.random.default_rng(0)
    texts = pd.DataFrame(reviews(60), columns=["text", "label"])
    tokens = [text.split() for text in texts.text]
    signals = [rng.normal(size=(12, 2)).astype(np.float32) + n % 2 for n in range(40)]
    moments = pd.date_range("2020-01-01", periods=200, freq="D")
    spoken, words = recordings(40)
    question = {"question": "Which word?", "context": "The word is red. It is small."}
    return {
        "classify": texts,
        "regress": texts.assign(label=[len(text) / 7 for text in texts.text]),
        "tag": pd.DataFrame({"tokens": tokens, "tags": [["A", "B", *t[2:]] for t in tokens]}),
        "series": pd.DataFrame({"series": signals, "label": [f"c{n % 2}" for n in range(40)]}),
        "forecast": pd.DataFrame({"date": moments, "value": np.sin(np.arange(200) / 3)}),
        "language": pd.DataFrame({"text": [" ".join(texts.text) * 3]}),
        "translate": frame(60, columns=("source", "target")),
        "transcribe": pd.DataFrame({"series": spoken, "text": words}),
        "span": pd.DataFrame(
            [
                {**question, "context": f"{n} {question['context']}", "answers": ["red"]}
                for n in range(30)
            ]
        ),
    }
