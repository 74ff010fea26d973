"""What `seqlab export` says of the folder that it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seqlab.cli.streams import print_json, say
from seqlab.runs import read_json


def export_and_show(model: Path, output: Path, step: bool, int8: bool, as_json: bool) -> None:
    """Export, then the checks in a sentence each."""
    from seqlab.workbench.exporting import export

    folder = export(model, output, step=step, int8=int8)
    card = read_json(folder / "card.json")
    if as_json:
        print_json({"output": str(folder), **card})
        return
    for line in _lines(folder, card):
        say(line)


def _lines(folder: Path, card: dict[str, Any]) -> Iterator[str]:
    cells = card["parity"]
    worst = max(cell["difference"] for cell in cells)
    size = card["bytes"]["model.onnx"] / 1e6
    yield (
        f"{folder}: {card['candidate']} for {card['task']}, {size:.2f} MB; in {len(cells)} batches "
        f"of test rows its outputs differ from the model's by at most {worst:.1e}"
    )
    if card["loops"]:
        yield "it reads its input position by position, which is slow in ONNX Runtime"
    if "step" in card:
        step = card["step"]
        yield (
            f"step.onnx: {step['steps_checked']:,} positions one after the other differ from one "
            f"pass by at most {step['difference']:.1e}"
        )
    if "int8" in card:
        yield _of_eight_bits(card["int8"])
    yield f"how to use it without seqlab: {folder / 'README.md'}"


def _of_eight_bits(int8: dict[str, Any]) -> str:
    from seqlab.export.quantised import WORTHWHILE

    difference, low, high = int8["difference"]
    times = {name: one["median_ms"] for name, one in int8["latency"].items()}
    small = int8["size_share"] <= WORTHWHILE
    why = "it may predict worse" if small else "this architecture's weights stay as they are"
    kept = "kept, and used" if int8["kept"] else f"not kept, {why}"
    return (
        f"int8: {kept}; {int8['status']} by {int8['metric']}, difference {difference:+.4f} "
        f"({low:+.4f} … {high:+.4f}); {int8['size_share']:.2f}× the size, "
        f"{times['int8']:.2f} ms an example against {times['float32']:.2f} ms"
    )
