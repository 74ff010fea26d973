"""A row in, a row out: in each task and format predictions line up with the rows, whose ids stay.

What is predicted of a row is told by its own example, so a shift by one row is seen.
"""

import json

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.parts import PROBLEM
from seqlab.tasks.row_task import RowTask
from seqlab.workbench.predictor import Predictor

ROWS = 40
BROKEN = (0, 7, 8, ROWS - 1)  # the ends, and two together
ROW_TASKS = [  # tag presents a row a token
    name
    for name in registry.names("tasks")
    if issubclass(registry.load("tasks", name), RowTask) and name != "tag"
]
FORMATS = ("csv", "tsv", "jsonl", "parquet")


@pytest.fixture(scope="module")
def trained():
    """Name → a predictor of an untrained network, and the columns that it reads."""
    made = {}

    def of(name):
        if name not in made:
            task = registry.load("tasks", name)
            prepared = task.prepare(Sources(task.sample(60, 0)), DataSpec(), 0)[0]
            model = build_model(prepared.task, ModelSpec(mixer="gru", width=8, pooling="mean"))
            own = prepared.task
            predictor = Predictor(own, lambda some: predict_all(own, model, some), {})
            read = [c for c in own.reader.columns.values() if c]
            made[name] = predictor, read
        return made[name]

    return of


def shuffled(name, seed):
    """A sample in any order with an id each, as the user's own file may be."""
    frame = registry.load("tasks", name).sample(ROWS, seed).frame
    order = np.random.default_rng(seed).permutation(ROWS)
    frame = frame.iloc[order].reset_index(drop=True)
    return frame.assign(id=[f"r-{number:03}" for number in order])


def damaged(frame, column):
    cells = frame[column].astype(object)
    cells[list(BROKEN)] = None
    return frame.assign(**{column: cells})


def plain(cell):
    """A cell as JSON has it."""
    if isinstance(cell, np.ndarray | list | tuple):
        return [plain(one) for one in cell]
    if isinstance(cell, np.generic):
        return cell.item()
    return cell


def written(frame, form, folder):
    """A file of the frame, or nothing where the form cannot hold its cells."""
    path = folder / f"data.{form}"
    cells = [cell for name in frame for cell in frame[name] if cell is not None]
    nested = any(isinstance(cell, np.ndarray | list | tuple | dict) for cell in cells)
    if form in ("csv", "tsv"):
        if nested:
            return None
        frame.to_csv(path, index=False, sep="\t" if form == "tsv" else ",")
    elif form == "jsonl":
        try:
            lines = [json.dumps({n: plain(row[n]) for n in frame}) for _, row in frame.iterrows()]
        except TypeError:
            return None
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        pytest.importorskip("pyarrow")
        try:
            frame.map(plain).to_parquet(path, index=False)
        except (TypeError, ValueError):
            return None
    return path


def lined_up(shown, alone, broken):
    """Each row's prediction is its own in any order, and a broken row has one too or a reason."""
    assert len(shown) == ROWS
    flaws = shown[PROBLEM].fillna("") if PROBLEM in shown else pd.Series([""] * ROWS)
    assert set(np.flatnonzero((flaws != "").to_numpy())) <= set(broken)
    columns = [n for n in alone if n.startswith(("predicted", "p("))]
    assert (shown[columns].notna().all(axis=1) | (flaws != "").to_numpy()).all()
    for name in columns:
        for row in set(range(ROWS)) - set(broken):
            ours, theirs = shown[name].iloc[row], alone[name].iloc[row]
            if isinstance(theirs, float):
                assert ours == pytest.approx(theirs, abs=1e-4), (name, row)
            else:
                assert str(ours) == str(theirs), (name, row)


def last_first(predictor, frame):
    """Predictions of the rows in reverse, put back: a shift goes the other way."""
    shown = predictor.predict(Table(frame[::-1].reset_index(drop=True), "reversed"))
    return shown[::-1].reset_index(drop=True)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ROW_TASKS)
def test_predictions_of_a_file_line_up_with_its_rows(name, form, trained, tmp_path):
    predictor, read = trained(name)
    frame = shuffled(name, 3)
    path = written(damaged(frame, read[0]), form, tmp_path) if read[0] in frame else None
    if path is None:
        pytest.skip(f"cells of {name} do not fit into {form}")
    assert len(read_table(path).frame) == ROWS
    lined_up(predictor.predict(path), last_first(predictor, frame), BROKEN)


@pytest.mark.parametrize("name", ROW_TASKS)
def test_predictions_of_a_frame_keep_its_index(name, trained):
    predictor, read = trained(name)
    frame = shuffled(name, 4)
    if read[0] not in frame:
        pytest.skip(f"{name} reads no single column")
    broken = damaged(frame, read[0])
    broken.index = pd.Index(frame["id"].tolist()[::-1])
    shown = predictor.predict(broken)
    assert shown.index.equals(broken.index)
    lined_up(shown, last_first(predictor, frame), BROKEN)


@pytest.mark.parametrize("name", ROW_TASKS)
def test_pieces_give_what_the_whole_gives(name, trained, tmp_path):
    predictor, read = trained(name)
    frame = shuffled(name, 5)
    path = written(damaged(frame, read[0]), "jsonl", tmp_path) if read[0] in frame else None
    if path is None:
        pytest.skip(f"cells of {name} do not fit into JSON lines")
    pieces = pd.concat(list(predictor.predict_pieces(path)), ignore_index=True)
    whole = predictor.predict(path)
    assert len(pieces) == ROWS
    assert pieces.astype(str).equals(whole.astype(str)[list(pieces)])
