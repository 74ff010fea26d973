"""What `seqlab translate` reads and shows: a line for each line, as soon as it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from seqlab.cli.streams import print_json, write
from seqlab.errors import UserError


def translate_and_show(
    model: Path,
    text: str | None,
    beam: int | None,
    length_penalty: float | None,
    *,
    device: str,
    json: bool,
) -> None:
    """Lines to stdout; with `json` a list of sources and what was written for them."""
    from seqlab.workbench.predictor import load
    from seqlab.workbench.translating import Translator

    translator = Translator(load(model, device), beam, length_penalty)
    if not json:
        for written in translator.stream(_lines(text)):
            write(f"{written}\n")
            sys.stdout.flush()
        return
    sources = list(_lines(text))
    pairs = zip(sources, translator.stream(sources), strict=True)
    found = [{"source": source, "predicted": written} for source, written in pairs]
    print_json(found)


def _lines(text: str | None) -> Iterator[str]:
    """The string itself, or the lines of a file or of stdin."""
    if text is None:
        if sys.stdin.isatty():
            raise UserError("no text to translate", 'give it as in seqlab translate best "a text"')
        try:
            yield from (line.rstrip("\r\n") for line in sys.stdin)
        except UnicodeDecodeError as error:
            raise UserError(
                f"standard input is not {error.encoding} ({error.reason})", "convert it first"
            ) from None
        return
    if not _is_file(text):
        yield text
        return
    try:
        with open(text, encoding="utf-8") as file:
            yield from (line.rstrip("\r\n") for line in file)
    except UnicodeDecodeError as error:
        raise UserError(f'"{text}" is not UTF-8 ({error.reason})', "convert it first") from None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # too long for a file's name: a text
        return False
