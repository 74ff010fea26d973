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
    shown = predictor.predict(path)
    lined_up(shown, last_first(predictor, frame), BROKEN)
    assert shown["id"].tolist() == frame["id"].tolist()


@pytest.mark.parametrize("form", [*FORMATS, "txt"])
@pytest.mark.parametrize("name", ["classify", "regress", "translate"])
def test_predictions_of_a_single_column_line_up_with_its_rows(name, form, trained, tmp_path):
    predictor, read = trained(name)
    frame = shuffled(name, 6)[read[:1]]
    broken = damaged(frame, read[0])
    if form == "txt":  # blank lines at the end are none
        path = tmp_path / "data.txt"
        cells = broken[read[0]].fillna("").tolist()
        path.write_text("\n".join([*cells[:-1], "end"]) + "\n", encoding="utf-8")
        shown = predictor.predict(path)[: ROWS - 1]
        shown = pd.concat([shown, shown[:1]], ignore_index=True)
    else:
        shown = predictor.predict(written(broken, form, tmp_path))
    lined_up(shown, last_first(predictor, frame), BROKEN)


@pytest.mark.parametrize("form", FORMATS)
def test_tags_line_up_with_the_tokens_of_a_file(form, tmp_path):
    task = registry.load("tasks", "tag")
    prepared = task.prepare(Sources(task.sample(60, 0)), DataSpec(), 0)[0]
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8))
    predictor = Predictor(prepared.task, lambda some: predict_all(prepared.task, model, some), {})
    frame = task.sample(ROWS, 3).frame[["tokens"]]
    rows = [
        {"sentence_id": 7 * number % 41, "token": token}
        for number, tokens in enumerate(frame["tokens"])
        for token in tokens
    ]
    long = pd.DataFrame(rows)
    shown = predictor.predict(written(long, form, tmp_path), columns="tokens=token")
    assert shown["token"].tolist() == long["token"].tolist()
    whole = predictor.predict(Table(frame, "lists"))
    assert shown["predicted"].tolist() == whole["predicted"].tolist()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("ids", [[12, 7, 3], ["b-2", "a-1", "c-3"]], ids=["numbers", "words"])
def test_forecasts_carry_the_ids_of_their_series(form, ids, tmp_path):
    task = registry.load("tasks", "forecast")
    one = task.sample(20, 0).frame
    frame = pd.concat([one.assign(shop=name) for name in ids], ignore_index=True)
    frame = frame.assign(ds=frame["ds"].astype(str))
    path = written(frame, form, tmp_path)
    prepared = task.prepare(Sources(read_table(path)), DataSpec(horizon=2), 0)[0]
    fitted = prepared.task
    shown = Predictor(fitted, lambda some: np.zeros((len(some), 2, 1)), {}).predict(path)
    assert shown["unique_id"].tolist() == [name for name in ids for _ in range(2)]
    fitted.save(tmp_path / "task")
    assert task.load(tmp_path / "task").fitted.layout == fitted.fitted.layout


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["series", "regress", "transcribe"])
@pytest.mark.parametrize("column", ["id", "patient"])
def test_long_tables_keep_the_ids_of_their_series(name, column, form, tmp_path):
    rng = np.random.default_rng(0)
    target = {"series": "label", "regress": "score", "transcribe": "transcript"}[name]
    rows = []
    for number in (31 * i % 97 + 5 for i in range(40)):
        said = {"label": "ab"[number % 2], "score": number / 4, "transcript": f"t{number}"}[target]
        rows += [{column: number, "time": t, "x": rng.normal(), target: said} for t in range(9)]
    frame = pd.DataFrame(rows).sample(frac=1, random_state=0)
    task = registry.load("tasks", name)
    prepared = task.prepare(Sources(Table(frame, "t")), DataSpec(), 0)[0]
    own = prepared.task
    model = build_model(own, ModelSpec(mixer="gru", width=8, pooling="mean"))
    predictor = Predictor(own, lambda some: predict_all(own, model, some), {})
    new = frame[frame[column] < 60].drop(columns=target)
    shown = predictor.predict(written(new, form, tmp_path))
    assert shown[column].tolist() == new[column].drop_duplicates().tolist()


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
