"""What batches are worth: bucketing, leaving padding out, and the time spent on making them.

python -m bench.batching – interleaved trainings over the same texts on one thread, medians. Texts
are those of imdb_small and of SST-2 where SEQLAB_TEST_DATA has them, else names of characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn

from bench.quality import DATA
from bench.timing import interleaved
from seqlab import registry
from seqlab.batch import Batch, Context
from seqlab.data.examples import Ragged, Rows
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import model_to_train
from seqlab.study.objective import TaskObjective
from seqlab.study.recipes import recipes
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.training.fit import fit
from seqlab.training.history import History

TEXTS = {"imdb_small": 320, "sst2_sentences": 2400}  # so many of each
WHOLE = 4096  # tokens: no text of imdb_small has more
LEAST, LOADING = 2.0, 0.03  # times as fast on imdb_small; of the time, at most
WIDTH = 64
AUGMENT = [{"kind": "token_dropout"}, {"kind": "swap"}]


def texts() -> dict[str, Prepared]:
    """Some texts of each set that is there."""
    found = {}
    for name, count in TEXTS.items():
        path = DATA / name / "train.tsv.xz"
        if path.exists():
            found[name] = _prepared(read_table(str(path)), count)
            if name == "imdb_small":
                found[f"{name}, whole"] = _prepared(read_table(str(path)), count, WHOLE)
        else:
            print(f"{name}: skipped, not in SEQLAB_TEST_DATA\n")
    return found or {"characters": _prepared(read_table("characters"), 4000)}


def _prepared(table: Table, count: int, longest: int | None = None) -> Prepared:
    frame: pd.DataFrame = table.frame.sample(count, random_state=0).reset_index(drop=True)
    some = type(table)(frame, table.origin, table.notes)
    spec = DataSpec(max_tokens=longest)
    found: Prepared = registry.load("tasks", "classify").prepare(Sources(some), spec, 0)[0]
    return found


class Bucketed(TaskObjective):
    """Training alone: texts of similar length together, within the budget of tokens."""

    def validate(self, model: nn.Module) -> float:
        return 0.0


class Shuffled(Bucketed):
    """Batches of as many texts, in random order, padded to their longest."""

    to_longest = False  # of the set

    def steps_per_epoch(self) -> int:
        return -(-len(self.train) // self.spec.batch_size)

    def batches(self, epoch: int) -> Iterator[Batch]:
        order = np.random.default_rng(epoch).permutation(len(self.train))
        for begin in range(0, len(order), self.spec.batch_size):
            yield self._batch(order[begin : begin + self.spec.batch_size])

    def _batch(self, rows: Rows) -> Batch:
        tokens = self.train.arrays["tokens"]
        assert isinstance(tokens, Ragged)
        ids, mask = tokens.padded(rows)
        if self.to_longest:
            missing = ((0, 0), (0, int(tokens.lengths.max()) - ids.shape[1]))
            ids, mask = np.pad(ids, missing), np.pad(mask, missing)
        labels = torch.from_numpy(np.asarray(self.train.arrays["label"])[rows])
        context = Context(torch.from_numpy(mask))
        return Batch(torch.from_numpy(ids).long(), labels, context, rows)


class Longest(Shuffled):
    """Padded to the longest of the set."""

    to_longest = True


def epoch(data: Prepared, recipe: str, made: type[Bucketed], **train: object) -> History:
    """One epoch from fresh weights."""
    fields = {"epochs": 1, "evaluations": 1, "patience": None, "retries": 0, "packing": False}
    spec = TrainSpec.read({**data.task.train_defaults, **fields, **train}, "train")
    model = ModelSpec.read({**recipes()[recipe].model, "width": WIDTH, "max_length": 4096})
    return fit(model_to_train(data.task, model, spec), made(data, data.train, spec), spec)


def padding(data: Prepared, made: type[Bucketed]) -> float:
    """The share of an epoch's positions that are padding."""
    objective = made(data, data.train, TrainSpec.read({**data.task.train_defaults}, "train"))
    batches = list(objective.batches(0))
    return 1 - sum(b.tokens for b in batches) / sum(b.inputs.numel() for b in batches)


def bucketing(name: str, data: Prepared) -> None:
    """Bucketing and a budget of tokens, beside what one writes without."""
    for recipe in ("gru", "transformer"):
        ways = {"ours": Bucketed, "set": Longest}
        times = interleaved({k: partial(epoch, data, recipe, v) for k, v in ways.items()}, least=3)
        shares = [f"{padding(data, made):.0%}" for made in ways.values()]
        target = LEAST if name.startswith("imdb_small") else "–"
        ratio = times.ratio("set", "ours")
        print(f"| {name}, {recipe} | {' | '.join(shares)} | {ratio:.2f} | {target} |")


def packing(name: str, data: Prepared) -> None:
    """What leaving padding out is worth, in bucketed batches and in those of a random order."""
    for recipe in ("gru", "transformer"):
        for said, made in (("bucketed", Bucketed), ("random order", Shuffled)):
            ways = {"no": False, "yes": True}
            runs = {k: partial(epoch, data, recipe, made, packing=v) for k, v in ways.items()}
            times = interleaved(runs, least=3)
            share, ratio = padding(data, made), times.ratio("no", "yes")
            print(f"| {name}, {recipe}, {said} | {share:.0%} | {1 - share:.0%} | {ratio:.2f} |")


def loading(name: str, data: Prepared) -> None:
    """The share of the time that training waits for batches, the median of three epochs each."""
    for recipe in ("gru", "transformer"):
        for said, train in (("", {}), (", augmented", {"augment": AUGMENT})):
            shares = [_waited(data, recipe, prefetch=p, epochs=3, **train) for p in (0, 2, None)]
            cells = [f"{share:.1%}" for share in shares]
            limit = "–" if train else f"{LOADING:.0%}"
            print(f"| {name}, {recipe}{said} | {' | '.join(cells)} | {limit} |")


def _waited(data: Prepared, recipe: str, **train: object) -> float:
    histories = [epoch(data, recipe, Bucketed, **train) for _ in range(3)]
    return float(np.median([history.loading / history.seconds for history in histories]))


def main() -> None:
    """Print the tables as Markdown."""
    torch.set_num_threads(1)
    sets = texts()
    print(
        "| an epoch | padding, bucketed | padding to the longest of the set | × the time of "
        "bucketed batches | at least |\n|---|---:|---:|---:|---:|"
    )
    for name, data in sets.items():
        bucketing(name, data)
    print("\n| without padding | padding | positions computed | × as fast |")
    print("|---|---:|---:|---:|")
    for name, data in sets.items():
        if "whole" not in name:
            packing(name, data)
    print(
        "\n| waiting for batches | of the time | two made ahead | as `prefetch` decides by itself "
        "| at most |\n|---|---:|---:|---:|---:|"
    )
    for name, data in sets.items():
        if "whole" not in name:
            loading(name, data)


if __name__ == "__main__":
    main()
