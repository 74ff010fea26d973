"""What `seqlab export` says of the folder that it wrote."""

from __future__ import annotations

from pathlib import Path

from seqlab.cli.streams import print_json, say
from seqlab.runs import read_json


def export_and_show(model: Path, output: Path, as_json: bool) -> None:
    """Export, then the checks in a sentence and the files."""
    from seqlab.workbench.exporting import export

    folder = export(model, output)
    card = read_json(folder / "card.json")
    if as_json:
        print_json({"output": str(folder), **card})
        return
    cells = card["parity"]
    worst = max(cell["difference"] for cell in cells)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    say(
        f"{folder}: {card['candidate']} for {card['task']}, {size / 1e6:.1f} MB; the outputs of "
        f"all {len(cells)} batches agree with the model's to {worst:.1e}"
    )
    if card["loops"]:
        say("it goes through long inputs position by position, which is slow in ONNX Runtime")
    say(f"how to use it without seqlab: {folder / 'README.md'}")
