"""Whole files whose content is odd: cells, columns and types that real exports have held."""

import bz2
import contextlib
import datetime as dt
import decimal
import gzip
import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.mutations import ODD_VALUES
from tests.reviews import reviews

ROWS = 24
DAY = dt.timedelta(days=1)
WAYS = [  # to write moments, as formats of strftime; and what no directive has
    *("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%d%m%Y", "%Y%m", "%b %Y", "%B-%y", "%m.%Y", "%G-W%V"),
    *("%V/%G", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S.%fZ", "%I:%M %p %d/%m/%Y", "FY%Y", "%s", "%j"),
    *("%Y-%m-%d %H:%M:%S+05:30", "%Y-%m-%d %H:%M EST", "%Y%m%d%H%M", "%A, %d %b %Y", "%H%M"),
]
STEPS = [DAY, dt.timedelta(hours=1), dt.timedelta(seconds=0.5), 31 * DAY, 7 * DAY, -DAY, 0 * DAY]
NUMERALS = [
    *("{:,.2f}", "${:,.2f}", "{:.1f}%", "({:.2f})", "{:.2f}M", "{:.1f} kWh", "{:.0f}", "{:e}"),
    *(
        "€ {:.2f}",
        "{:.3f}-",
        "−{:.2f}",
        "{:.1f}°C",
        "'{:.2f}",
        "{:.1f}\u202f%",
        "0{:.0f}",
        "{:.0f}.",
    ),
]
WORDS = [
    *("", " ", "nan", "NaT", "NULL", "?", ".", "#DIV/0!", "TRUE", "1,234.5", "$5", "12%"),
    *("\ud800", "\x1b[31m", "=1+1", "0x1F", "1e999", "9" * 400, "२०२०", "01.02.2013", "12:30"),
    *(
        "2020 Q1",
        "1600-01-01",
        "9999-12-31T23:59:59Z",
        "['a' 'b']",
        '{"a": 1}',
        "a" * 5000,
        "\u202e",
    ),
]
NAMES = ["", " ", "text", "label", "date", "1", "nan", "é", "a" * 300, "[/x]", "tokens", "split"]


def write_odd(folder, rng):
    """One odd file; returns its path."""
    kind = rng.choice((_parquet, _records, _delimited, _array, _archive))
    return kind(folder, rng)


def _columns(rng):
    """Names and cells of a table that is mostly plain."""
    rows = reviews(ROWS, rng.randrange(99))
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    if rng.random() < 0.5:
        first = dt.date(2020, 1, 1)
        columns = {"date": [str(first + dt.timedelta(days=i)) for i in range(ROWS)]}
        columns["value"] = [i * 1.5 for i in range(ROWS)]
    elif rng.random() < 0.6:
        columns = _series(rng)
    for _ in range(rng.randint(0, 2)):
        columns[rng.choice(NAMES)] = [rng.choice(WORDS) for _ in range(ROWS)]
    for _ in range(rng.randint(1, 3)):
        cells = columns[rng.choice(list(columns))]
        odd = rng.choice((*ODD_VALUES, *WORDS))
        for row in rng.sample(range(ROWS), rng.choice((1, 2, ROWS))):
            cells[row] = odd
    if rng.random() < 0.2:
        columns[rng.choice(NAMES)] = columns.pop(rng.choice(list(columns)))
    return columns


def _series(rng):
    """Moments and numbers, in one way to write them or in two."""
    first = dt.datetime(rng.choice((1, 1600, 1969, 2020, 2020, 9990)), rng.randint(1, 12), 28)
    step, ways = rng.choice(STEPS), rng.sample(WAYS, rng.choice((1, 1, 2)))
    numerals = rng.sample(NUMERALS, rng.choice((1, 1, 2)))
    moments = []
    for row in range(ROWS):
        with contextlib.suppress(OverflowError, ValueError):
            moments.append((first + row * step).strftime(rng.choice(ways)))
    moments += ["?"] * (ROWS - len(moments))
    numbers = [rng.choice(numerals).format(row * 1234.5) for row in range(ROWS)]
    names = rng.choice((("date", "y"), ("Month", "Sales"), ("time", "value"), ("a", "b")))
    columns = dict(zip(names, (moments, numbers), strict=True))
    if rng.random() < 0.3:
        clock = rng.choice(("%H:%M", "%H.%M.%S", "%H%M", "%I %p", "%H"))
        moment = dt.datetime(2020, 1, 1, 23)
        columns[rng.choice(("time", "hour", "Uhrzeit"))] = [
            (moment + row * dt.timedelta(minutes=30)).strftime(clock) for row in range(ROWS)
        ]
    return columns


def _records(folder, rng):
    columns = _columns(rng)
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    if rng.random() < 0.3:
        rows[rng.randrange(ROWS)] = rng.choice(ODD_VALUES)
    if rng.random() < 0.5:
        path, text = folder / "odd.jsonl", "\n".join(map(json.dumps, rows))
    else:
        path, text = folder / "odd.json", json.dumps(rows)
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return path


def _delimited(folder, rng):
    columns, mark = _columns(rng), rng.choice(",;\t|")
    lines = [list(columns), *map(list, zip(*columns.values(), strict=True))]
    if rng.random() < 0.3:
        lines.insert(rng.randrange(len(lines)), [rng.choice(WORDS)] * rng.randint(1, 4))
    text = "\n".join(mark.join(str(cell) for cell in line) for line in lines)
    path = folder / rng.choice(("odd.csv", "odd.tsv", "odd.txt"))
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return path


def _typed(rng):
    """A column of a type that Parquet knows and tables seldom hold."""
    moment = dt.datetime(2020, 1, 1)
    return rng.choice(
        (
            pa.array([decimal.Decimal("1.5")] * ROWS),
            pa.array([b"\xff\x00"] * ROWS),
            pa.array([{"a": 1, "b": "x"}] * ROWS),
            pa.array([[("k", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
            pa.array(["x", "y"] * (ROWS // 2)).dictionary_encode(),
            pa.array([moment] * ROWS, pa.timestamp("us", "Asia/Kolkata")),
            pa.array([dt.datetime(9999, 12, 31)] * ROWS, pa.timestamp("s")),
            pa.array([dt.timedelta(days=1)] * ROWS),
            pa.array([dt.time(12, 30)] * ROWS),
            pa.array([moment.date()] * ROWS),
            pa.array([2**64 - 1] * ROWS, pa.uint64()),
            pa.array([[[1, 2], [3]]] * ROWS),
            pa.array([[1.0, None]] * ROWS),
            pa.array([["a", "b"]] * (ROWS - 1) + [None]),
            pa.array([None] * ROWS),
            pa.array([True, None] * (ROWS // 2)),
            pa.array([float("nan"), float("inf")] * (ROWS // 2)),
            pa.array([1.5] * ROWS, pa.float16()),
        )
    )


def _parquet(folder, rng):
    rows = reviews(ROWS, rng.randrange(99))
    names, arrays = ["text", "label"], [pa.array([r[i] for r in rows]) for i in (0, 1)]
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(arrays) + 1)
        names.insert(place, rng.choice(NAMES))
        arrays.insert(place, _typed(rng))
    if rng.random() < 0.4:
        del names[-1], arrays[-1]
    table = pa.table(arrays, names)
    if rng.random() < 0.3:
        said = rng.choice(("{", "[]", '{"info": 1}', '{"info": {"features": {"label": []}}}'))
        table = table.replace_schema_metadata({"huggingface": said})
    path = folder / "odd.parquet"
    pq.write_table(table, path)
    return path


def _array(folder, rng):
    shape = rng.choice(((), (0,), (5,), (20, 3), (20, 6, 2), (4, 3, 2, 2, 2), (20, 0, 2)))
    kind = rng.choice(("f2", "f8", "c16", "?", "U3", "S3", "M8[D]", "m8[s]", "u8", "i1", "V4"))
    array = np.zeros(shape, dtype=kind)
    if rng.random() < 0.3 and kind[0] == "f":
        array[...] = rng.choice((np.nan, np.inf, 1e300))
    labels = np.arange(len(array) if shape else 1) % rng.choice((1, 2, 10**9))
    if rng.random() < 0.3:
        path = folder / "odd.npy"
        np.save(path, array)
        return path
    path = folder / "odd.npz"
    names = rng.choice((("X", "y"), ("x_train", "y_train"), ("y", "X"), ("a", "b"), ("", "../y")))
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in zip(names, (array, labels), strict=True):
            content = io.BytesIO()
            np.save(content, value)
            archive.writestr(f"{name}.npy", content.getvalue())
    return path


def _archive(folder, rng):
    """An odd file inside an archive that is whole, or beside another in it."""
    inner = rng.choice((_records, _delimited, _parquet, _array))(folder, rng)
    content = inner.read_bytes()
    inner.unlink()
    ending = rng.choice(("gz", "bz2", "zip", "zip"))
    path = folder / f"{inner.name}.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in rng.choice(([inner.name], ["../up.csv"], [inner.name, "b.csv"], [])):
                archive.writestr(name, content)
    else:
        path.write_bytes((gzip if ending == "gz" else bz2).compress(content))
    return path
