"""Seeded damage to bytes and to plain data, as broken disks, editors and strangers cause it."""

import contextlib
import json

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

ODD_VALUES = [
    None,
    True,
    -1,
    0,
    10**9,
    2**63,
    10**30,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "../../x",
    "\ud800",
    "é\u0301\u200b",
    [],
    {},
    [[1]],
    {"a": {"b": []}},
]
ODD_BYTES = [
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b'"',
    b"\\",
    b"\n",
    b"\r\n",
    b",",
    b"\t",
    b"{",
    b"[",
    b"NaN",
    b"Infinity",
    b"-",
    b"9" * 5000,
    b"1e999",
    b"9999-12-31",
    b"0000-00-00",
    b"[" * 3000,
    b'{"a":' * 3000,
]


def damaged(content, rng):
    """Bytes with one to three changes: cut, flipped, inserted, doubled or swapped."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        if not content:
            break
        place = rng.randrange(len(content))
        stretch = min(len(content) - place, rng.choice((1, 4, 16, 200)))
        match rng.randrange(7):
            case 0:
                del content[place:]
            case 1:
                content[place] ^= 1 << rng.randrange(8)
            case 2:
                content[place:place] = rng.choice(ODD_BYTES)
            case 3:
                del content[place : place + stretch]
            case 4:
                content[place:place] = content[place : place + stretch]
            case 5:
                content[place : place + stretch] = rng.randbytes(stretch)
            case 6:  # a field, often a size, becomes very large
                content[place : place + 4] = b"\xff\xff\xff\x7f"
    return bytes(content)


def exchanged(value, rng):
    """JSON text of plain data in which one value, key or element is another or is missing."""
    value = json.loads(json.dumps(value))
    places = [*_places(value, ())]
    if not places:
        return json.dumps(rng.choice(ODD_VALUES))
    holder, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1:
            other, place = rng.choice(places)
            holder[key] = json.loads(json.dumps(other[place]))
        case 2 if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
            holder[key] = rng.choice((-holder[key], holder[key] * 10**6, holder[key] + 0.5))
        case 3 if isinstance(holder[key], str):
            holder[key] = holder[key] + rng.choice(("x", "\n", "/..", "\u202e"))
        case 4 if isinstance(holder[key], list):
            holder[key] = holder[key] * 3 + [None]
        case _:
            holder[key] = rng.choice(ODD_VALUES)
    return json.dumps(value)


def _places(value, path):
    """(container, key) of everything that a value holds; long lists by their ends alone."""
    if isinstance(value, dict):
        for key in list(value):
            yield value, key
            yield from _places(value[key], (*path, key))
    elif isinstance(value, list):
        for key in {*range(min(len(value), 4)), *range(max(0, len(value) - 2), len(value))}:
            yield value, key
            yield from _places(value[key], (*path, key))


def rearranged(path, rng):
    """Change one array of a safetensors file, which stays a file of that format."""
    arrays = {name: np.array(array) for name, array in load_file(path).items()}
    if not arrays:
        return
    name = rng.choice(sorted(arrays))
    array = arrays.pop(name)
    match rng.randrange(7):
        case 0:
            array = array[: len(array) // 2] if array.ndim else array
        case 1 if array.size:
            array.flat[rng.randrange(array.size)] = rng.choice((-1, 0, 100, 127))
        case 2 if array.size:
            largest = np.iinfo(array.dtype).max if array.dtype.kind in "iu" else np.inf
            array.flat[rng.randrange(array.size)] = largest
        case 3:
            array = array.astype(rng.choice((np.int8, np.int64, np.float32, np.float64, bool)))
        case 4:
            array = array[..., None]
        case 5:
            array = np.concatenate([array, array]) if array.ndim else array
        case _:
            name += rng.choice(("", "x"))  # or it goes
            array = np.zeros(0, array.dtype)
    if rng.random() < 0.9:
        arrays[name] = np.ascontiguousarray(array)
    save_file(arrays, path)


def damage_file(path, rng):
    """Damage a file in place: JSON mostly as data, all else as bytes; now and then it goes."""
    chance = rng.random()
    if chance < 0.04:
        path.unlink()
    elif chance < 0.08:
        path.write_bytes(b"")
    elif path.suffix == ".json" and chance < 0.75:
        try:
            value = json.loads(path.read_bytes())
        except ValueError:  # damaged before
            return
        path.write_text(exchanged(value, rng), encoding="utf-8", errors="surrogatepass")
    elif path.suffix == ".safetensors" and chance < 0.75:
        with contextlib.suppress(SafetensorError):  # damaged before
            rearranged(path, rng)
    else:
        path.write_bytes(damaged(path.read_bytes(), rng))
