"""The data sets of the regret benchmark, by kind of task; `$DATA` is the folder of the sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bench.portfolio import SETS as DEVELOPMENT


@dataclass(frozen=True)
class Set:
    """A data set: its file or folder, a test part of its own if there is one, how it is read."""

    data: str
    test: str | None = None
    task: str | None = None
    encoding: str | None = None
    columns: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)  # of DataSpec

    @property
    def seen(self) -> bool:
        """Whether the portfolio was made from this set."""
        return any(self.data == wanted["data"] for wanted in DEVELOPMENT.values())


def _series(name: str) -> Set:
    return Set(f"ucr/{name}.npz", task="series")


SETS = {
    # texts
    "sst2": Set("sst2_sentences/train.tsv.xz", "sst2_sentences/test.tsv.xz", "classify"),
    "trec": Set("trec/TREC.train.all.xz", "trec/TREC.test.all", "classify", "latin-1"),
    "cr": Set("cr", task="classify", encoding="latin-1"),
    "mpqa": Set("mpqa", task="classify", encoding="latin-1"),
    "mr": Set("mr", task="classify", encoding="latin-1"),
    "subj": Set("subj", task="classify", encoding="latin-1"),
    "sst5": Set("sst5", task="classify", encoding="latin-1"),
    "sms": Set("sms_spam", task="classify"),
    "agnews": Set("agnews", task="classify"),
    "names": Set("names", task="classify"),
    "snips-intent": Set("snips", task="classify"),
    # a tag for each token
    "usaddress": Set("packaged/tagging_usaddress/labeled.tsv", task="tag"),
    "probablepeople": Set("packaged/tagging_probablepeople", task="tag"),
    "snips": Set("snips", task="tag"),
    "ud-ewt": Set("ud_ewt", task="tag"),
    # series of a class
    **{
        name.lower(): _series(name)
        for name in (
            "Adiac", "ArrowHead", "CBF", "ECG200", "ECG5000", "ECGFiveDays", "ElectricDevices",
            "FordA", "GunPoint", "ItalyPowerDemand", "OSULeaf", "Trace",
        )
    },
    "vowels": Set("japanese_vowels", task="series"),
    # forecasts
    "exchange": Set("exchange_rate/exchange_rate.csv.xz", task="forecast"),
    "etth1": Set("etth/ETTh1.csv.xz", task="forecast"),
    "m4-weekly": Set("m4/Weekly-train.csv.xz", "m4/Weekly-test.csv", "forecast"),
    # translation and language
    "cmudict": Set("packaged/g2p_cmudict/cmudict.tsv.xz", task="translate",
                   settings={"split": "10/2/88"}),
    "tinyshakespeare": Set("tinyshakespeare/input.txt.xz", task="language"),
}  # fmt: skip
