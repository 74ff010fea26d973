"""What `seqlab pipeline` reads and writes: a prediction for each text, as soon as it is there."""

from __future__ import annotations

import json as plain_json
import sys
from collections.abc import Iterable, Iterator, Sequence

from seqlab.cli.streams import write
from seqlab.errors import UserError
from seqlab.workbench.pipelines import open_pipeline

AT_ONCE = 64  # lines of a file; those that somebody types are answered one by one


def predict_texts(model: str, texts: Sequence[str] | None, device: str, json: bool) -> None:
    """A line of CSV for each text, or a JSON object on each line."""
    opened = open_pipeline(model, device)
    header = True
    typed = texts is None and sys.stdin.isatty()
    for some in _together(sys.stdin if texts is None else texts, 1 if typed else AT_ONCE):
        frame = opened.predict(some)
        if json:
            for record in plain_json.loads(frame.to_json(orient="records", date_format="iso")):
                write(plain_json.dumps(record, ensure_ascii=False) + "\n")
        else:
            write(frame.to_csv(index=False, header=header, lineterminator="\n"))
        header = False
        sys.stdout.flush()
    if header:
        raise UserError("no texts", 'give some: seqlab pipeline MODEL "a text", or by a pipe')


def _together(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lines in bunches; empty ones are no texts."""
    bunch: list[str] = []
    for line in lines:
        if line.strip():
            bunch.append(line.rstrip("\r\n"))
        if len(bunch) >= size:
            yield bunch
            bunch = []
    if bunch:
        yield bunch
